// @vitest-environment node
import { describe, expect, it } from "vitest";

import { exactTime, formatDuration, formatTime, relativeTime } from "../../src/lib/time";

const at = (text: string) => Date.parse(text);
const zone = "Asia/Shanghai";

describe("formatTime", () => {
  const now = at("2025-03-05T12:00:00+08:00");
  const shown = (text: string, locale: string, seconds = false) =>
    formatTime(at(text), { locale, zone, now, seconds });

  it("leaves out what the reader knows", () => {
    expect(shown("2025-03-05T00:05:09+08:00", "en")).toBe("00:05");
    expect(shown("2025-03-05T00:05:09+08:00", "en", true)).toBe("00:05:09");
    expect(shown("2025-03-04T23:59:00+08:00", "en")).toBe("Mar 4, 23:59");
    expect(shown("2024-12-31T23:59:00+08:00", "en")).toBe("Dec 31, 2024, 23:59");
  });

  it("speaks Chinese", () => {
    expect(shown("2025-03-05T00:05:09+08:00", "zh-CN")).toBe("00:05");
    expect(shown("2025-03-04T23:59:00+08:00", "zh-CN")).toBe("3月4日 23:59");
    expect(shown("2024-12-31T23:59:00+08:00", "zh-CN")).toBe("2024年12月31日 23:59");
  });

  it("counts days in the zone, not in UTC", () => {
    const night = at("2025-03-04T16:30:00Z"); // 00:30 on the 5th there
    expect(formatTime(night, { locale: "en", zone, now })).toBe("00:30");
    expect(formatTime(night, { locale: "en", zone: "UTC", now })).toBe("Mar 4, 16:30");
  });
});

describe("exactTime", () => {
  it("has milliseconds, zone and offset", () => {
    const instant = at("2025-07-05T14:05:06.123+02:00");
    expect(exactTime(instant, { locale: "en", zone: "Europe/Berlin" })).toBe(
      "Sat, Jul 5, 2025, 14:05:06.123 Europe/Berlin (+02:00)",
    );
    expect(exactTime(instant, { locale: "zh-CN", zone })).toMatch(
      /^2025年7月5日周六 20:05:06\.123 Asia\/Shanghai \(\+08:00\)$/,
    );
  });
});

describe("relativeTime", () => {
  const now = at("2025-03-05T12:00:00+08:00");
  const said = (text: string, locale: string) => relativeTime(at(text), now, locale, zone);

  it.each([
    ["2025-03-05T12:00:00.400+08:00", "now", "现在"],
    ["2025-03-05T11:59:01+08:00", "59 sec. ago", "59秒前"],
    ["2025-03-05T12:05:59+08:00", "in 5 min.", "5分钟后"],
    ["2025-03-05T09:00:01+08:00", "2 hr. ago", "2小时前"],
    ["2025-03-04T11:00:00+08:00", "yesterday", "昨天"],
    ["2025-03-06T12:00:00+08:00", "tomorrow", "明天"],
    // 34 hours ago, but the day before yesterday.
    ["2025-03-03T23:30:00+08:00", "2 days ago", "前天"],
    ["2025-01-20T12:00:00+08:00", "1 mo. ago", "1个月前"],
    ["2028-03-06T12:00:00+08:00", "in 3 yr.", "3年后"],
  ])("says %s as %s and %s", (text, english, chinese) => {
    expect(said(text, "en")).toBe(english);
    expect(said(text, "zh-CN")).toBe(chinese);
  });
});

describe("formatDuration", () => {
  it.each([
    [0, "0 ms", "0 毫秒"],
    [849.6, "850 ms", "850 毫秒"],
    [999.6, "1 s", "1 秒"],
    [12_345, "12.3 s", "12.3 秒"],
    [12_000, "12 s", "12 秒"],
    [59_960, "1 min", "1 分"],
    [303_000, "5 min 3 s", "5 分 3 秒"],
    [3_599_700, "1 h", "1 小时"],
    [7_500_000, "2 h 5 min", "2 小时 5 分"],
    [86_399_000, "1 d", "1 天"],
    [76 * 3_600_000, "3 d 4 h", "3 天 4 小时"],
    [1234 * 86_400_000, "1,234 d", "1,234 天"],
    [-1500, "-1.5 s", "-1.5 秒"],
  ])("writes %d ms as %s and %s", (ms, english, chinese) => {
    expect(formatDuration(ms, "en")).toBe(english);
    expect(formatDuration(ms, "zh-CN")).toBe(chinese);
  });
});
