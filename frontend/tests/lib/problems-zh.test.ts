// @vitest-environment node
import { describe, expect, it } from "vitest";

import { translateProblem } from "../../src/lib/problems-zh";
import { RULES } from "../../src/lib/problems-zh-table";

const zh = (message: string) => translateProblem(message, "zh-CN");

/** As the server wrote them. */
const SAID: [string, string][] = [
  ["etcd is not available: it did not answer in time.", "etcd 不可用：没有及时响应。"],
  // Fields of jobs.
  ["field required", "必填"],
  ["must have at most 128 characters, has 129", "最多 128 个字符，现有 129 个"],
  [
    "must have at most 262144 bytes, has 300000; put it into a script",
    "最多 262144 字节，现有 300000 字节；请改写为脚本文件",
  ],
  [
    "needs a time zone offset, such as the Z in 2030-01-31T08:00:00Z",
    "须带时区偏移，例如 2030-01-31T08:00:00Z 末尾的 Z",
  ],
  ["must be later than startsAt", "须晚于 startsAt"],
  ["queue is not supported yet", "暂不支持 queue"],
  [
    "'CRON_X' starts with CRON_, and such names are set by the scheduler",
    "“CRON_X” 以 CRON_ 开头，这类变量由调度器设置",
  ],
  [
    "'PASSWORD': after secret: comes the name of a secret (letters of A to Z, digits, '.', '_' and '-', at most 128, a letter or digit first); a text that begins with secret: is written secret::",
    "“PASSWORD”：secret: 之后须为机密的名称（英文字母、数字、“.”、“_”、“-”，最多 128 个字符，以字母或数字开头）；确实以 secret: 开头的值，请把开头写作 secret::",
  ],
  ['"it\'s" is not the name of an environment variable', "“it's” 不是有效的环境变量名"],
  ["input should be a valid integer, unable to parse string as an integer", "须为整数"],
  [
    "input should be 'skip', 'allow', 'queue' or 'replace'",
    "须为 'skip'、'allow'、'queue' 或 'replace' 之一",
  ],
  ["Input should be greater than or equal to 1", "不能小于 1"],
  ["string should have at least 1 character", "至少需要 1 个字符"],
  ["string should match pattern '^/'", "须以 / 开头"],
  ["list should have at most 32 items after validation, not 40", "最多 32 项"],
  ["dictionary should have at most 16 items after validation, not more", "最多 16 项"],
  ["value should have at most 256 items after validation, not 300", "最多 256 个字符"],
  [
    "string should match pattern '^[A-Za-z0-9]([A-Za-z0-9_.\\-/]{0,61}[A-Za-z0-9])?$'",
    "须以字母或数字开头和结尾，其间只能有字母、数字、“_”、“.”、“-”和“/”，最多 63 个字符",
  ],
  // Schedules.
  ["cronExpr: minute: 61 is out of range; allowed are 0 to 59", "cronExpr：分：61 超出范围；允许 0 至 59"],
  [
    "month: 13 is out of range; allowed are 1 to 12 or JAN to DEC",
    "月：13 超出范围；允许 1 至 12 或 JAN 至 DEC",
  ],
  [
    "day of week: 'mon-foo' is not understood; allowed are 0 to 7 or SUN to SAT, as in 1,5 or 1-5 or */2",
    "周：无法理解 “mon-foo”；允许 0 至 7 或 SUN 至 SAT，例如 1,5、1-5 或 */2",
  ],
  ["minute: '*/0' has a step of 0; the smallest step is 1", "分：“*/0” 的步长为 0；步长最小为 1"],
  [
    "has 1 field; needs 5 (minute, hour, day of month, month, day of week), 6 (second first) or 7 (second first, year last)",
    "有 1 个字段；应为 5 个（分、时、日、月、周）、6 个（最前面加秒）或 7 个（最前面加秒，最后加年）",
  ],
  [
    "character 1 ('\\x01') is a control character; use plain digits, letters and spaces",
    "第 1 个字符 “\\x01” 是控制字符；请使用半角的数字、字母和空格",
  ],
  [
    "'@foo' is not known; known are @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually and @every 30s",
    "无法识别 “@foo”；可用的有 @hourly、@daily、@midnight、@weekly、@monthly、@yearly、@annually、@every 30s",
  ],
  [
    "'0 0 30 2 *' never fires: no date matches its day, month and year fields",
    "“0 0 30 2 *” 永远不会触发：没有日期符合它的日、月、年字段",
  ],
  [
    "timezone: unknown time zone 'asia/shanghai'; did you mean Asia/Shanghai?",
    "timezone：未知时区 “asia/shanghai”；是否应为 Asia/Shanghai？",
  ],
  ["day of month: 'l-31' is out of range; L-30 is the earliest", "日：“l-31” 超出范围；最早为 L-30"],
  [
    "day of week: 'L' needs a day before it; 5L is the last Friday of the month",
    "周：“L”前面须有星期几；5L 表示当月最后一个星期五",
  ],
  ["minute: '?' must stand alone", "分：“?”必须单独使用"],
  // Conflicts and rights.
  ["There is no job 'a b'.", "没有名为 “a b” 的任务。"],
  [
    "The job has changed: it is at revision 12. Read it again, then decide.",
    "任务已被修改，当前版本为 12。请重新读取后再决定。",
  ],
  [
    "The job is invalid (cronExpr: must not be empty; for example: */5 * * * *). Replace it with PUT, or delete it.",
    "任务无效（cronExpr：不能为空；例如：*/5 * * * *）。请改正后重新保存，或将其删除。",
  ],
  [
    "The job is invalid and cannot run: name: is 'a', but the key says 'b'",
    "任务无效，无法运行：name：为 “a”，但键名是 “b”",
  ],
  ["This needs the role editor; you are viewer.", "此操作需要“编辑者”角色；您的角色是“只读用户”。"],
  [
    "action: delete needs the role editor; you are operator.",
    "action：delete 需要“编辑者”角色；您的角色是“操作员”。",
  ],
  ["role: must not be more than your own, viewer", "role：不能高于您自己的角色“只读用户”"],
  ["Too many sign-in attempts. Try again in 12 s.", "登录尝试过多。请在 12 秒后重试。"],
  ["currentPassword: is wrong", "currentPassword：不正确"],
  [
    "password: is a well-known or trivial secret; choose another, for example: openssl rand -base64 18",
    "password：是常见或过于简单的密码；请换一个，例如用此命令生成：openssl rand -base64 18",
  ],
  // Imports.
  ["text: line 2: did not find expected '-' indicator", "text：第 2 行：此处应为“-”，请检查缩进"],
  [
    "line 1: found undefined alias 'x'. A value that starts with * needs quotes",
    "第 1 行：别名 “x” 没有定义。以 * 开头的值需要加引号",
  ],
  ["line 3: something that no parser said before", "第 3 行：something that no parser said before"],
  [
    "is neither NAME=value nor five time fields and a command: foo; bar: x",
    "既不是 NAME=value，也不是五个时间字段加命令：foo; bar: x",
  ],
  ["@foo is not known; cron has @daily, @hourly: @foo y", "无法识别 @foo；cron 有 @daily、@hourly：@foo y"],
  [
    "crontab: MAILFROM, MAILTO is not used: output is kept with each run, not mailed",
    "crontab：不使用 MAILFROM、MAILTO：输出随每次运行保留，不发送邮件",
  ],
  [
    "imported paused: it would run as the worker's user, not as bob",
    "导入后为暂停状态：它会以执行节点的用户运行，而不是 bob",
  ],
  ["'a' has been changed since; it is at revision 7", "“a” 在此期间已被修改，当前版本为 7"],
  ["line 3", "第 3 行"],
  // The system.
  [
    "etcd is not available: it did not answer in time; a write may or may not have happened.",
    "etcd 不可用：没有及时响应；写入可能已生效，也可能没有。",
  ],
  ["etcd is not available: etcd refused the request: no space", "etcd 不可用：etcd 拒绝了请求：no space"],
  ["The log store is not available: it did not answer in time.", "日志存储不可用：没有及时响应。"],
  ["the clock is -2310 ms off the median of the cluster", "时钟与集群的中位数相差 -2310 毫秒"],
];

describe("a message of the server", () => {
  it.each(SAID)("%s is %s", (message, chinese) => {
    expect(zh(message)).toBe(chinese);
  });

  it("stays as it is in English, and where it is not known", () => {
    expect(translateProblem("field required", "en")).toBe("field required");
    for (const text of ["", "Something new.", "a: b; c: d", "; ", "x".repeat(30_000), "$1 {n}"]) {
      expect(zh(text)).toBe(text);
    }
  });

  it("is taken apart where several are joined", () => {
    expect(
      zh(
        "cronExpr: minute: 61 is out of range; allowed are 0 to 59; limits.foo: unknown field; " +
          "command: must have at most 262144 bytes, has 300000; put it into a script; what is this; and 3 more",
      ),
    ).toBe(
      "cronExpr：分：61 超出范围；允许 0 至 59；limits.foo：未知字段；" +
        "command：最多 262144 字节，现有 300000 字节；请改写为脚本文件；what is this；另有 3 处",
    );
    expect(zh("name: must not be empty; command: field required")).toBe("name：不能为空；command：必填");
  });

  it("with texts of a user in it says them as they are", () => {
    expect(zh("There is no job '$1 $& $2'.")).toBe("没有名为 “$1 $& $2” 的任务。");
    expect(zh("There is no job 'a'; drop'.")).toBe("There is no job 'a'; drop'.");
    expect(zh(String.raw`There is no user 'it\'s "x" \\ \n'.`)).toBe(
      String.raw`没有名为 “it's "x" \ \n” 的用户。`,
    );
    expect(zh("<img src=x onerror=alert(1)>: unknown field")).toBe("<img src=x onerror=alert(1)>：未知字段");
  });

  it("of a thousand fields takes a moment", () => {
    const many = Array.from({ length: 400 }, (_, index) => `field${index}.name: what; unknown`).join("; ");
    const started = performance.now();
    zh(many.slice(0, 20_000));
    zh("minute: ".repeat(2_000));
    zh("a; ".repeat(6_000));
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});

describe("the table", () => {
  const EXAMPLES: Record<string, string> = {
    n: "7",
    q: "'x'",
    word: "word",
    role: "admin",
    list: "one, two",
    tail: "whatever",
    text: "whatever",
    message: "whatever",
    s: "s",
  };

  it.each(RULES)("has its own place for: %s", (english, chinese) => {
    const kinds = [...english.matchAll(/\{(n|q|word|role|list|tail|text|message)\}/g)].map(
      (found) => found[1],
    );
    const places = [...chinese.matchAll(/\$(\d)/g)].map((found) => Number(found[1]));
    expect(Math.max(0, ...places)).toBeLessThanOrEqual(kinds.length);
    // Written as it is read, by the first rule that fits: this one.
    const message = english.replace(
      /\{(n|q|word|role|list|tail|text|message|s)\}/g,
      (_, kind: string) => EXAMPLES[kind] ?? "",
    );
    const said = chinese.replace(/\$(\d)/g, (_, place: string) => {
      const kind = kinds[Number(place) - 1] ?? "";
      return { q: "“x”", role: "管理员", list: "one、two" }[kind] ?? EXAMPLES[kind] ?? "";
    });
    expect(zh(message)).toBe(said);
  });

  it.each(RULES.filter(([english]) => !/\{(text|message)\}|\.$/.test(english)))(
    "lets another message follow: %s",
    (english) => {
      const message = english.replace(/\{(\w+)\}/g, (whole, kind: string) => EXAMPLES[kind] ?? whole);
      const joined = `one: ${message}; two: field required`;
      expect(zh(joined)).toBe(`one：${zh(message)}；two：必填`);
    },
  );

  it("names each message once", () => {
    const all = RULES.map(([english]) => english);
    expect(new Set(all).size).toBe(all.length);
  });
});
