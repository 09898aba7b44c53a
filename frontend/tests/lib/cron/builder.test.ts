// @vitest-environment node
import { describe, expect, it } from "vitest";

import { FIELD_NAMES, toBuilder, toCustom, toExpr, type BuilderState } from "../../../src/lib/cron/builder";
import { KINDS, switchKind } from "../../../src/lib/cron/kinds";

/** Kind and expression as the builder writes it. */
const rewritten = (expression: string) => {
  const state = toBuilder(expression);
  return state && `${state.kind}: ${toExpr(state)}`;
};

describe("an expression in the builder", () => {
  it.each([
    ["* * * * *", "every: * * * * *"],
    ["*/1 * * * *", "every: * * * * *"],
    ["  */5\t *  * * * ", "every: */5 * * * *"],
    ["0 */5 * * * ?", "every: */5 * * * *"],
    ["* * * * * *", "every: * * * * * *"],
    ["*/10 * * * * * *", "every: */10 * * * * *"],
    ["0 * * * *", "every: 0 * * * *"],
    ["@hourly", "every: 0 * * * *"],
    ["15 */6 * * *", "every: 15 */6 * * *"],
    ["@EVERY 1h30m", "interval: @every 1h30m"],
    ["@every 90s", "interval: @every 90s"],
    ["@every 1d0h5m", "interval: @every 1d5m"],
    ["30 2 * * *", "daily: 30 2 * * *"],
    ["05 30 02,14 ? * *", "daily: 5 30 2,14 * * *"],
    ["0 9-17 * * *", "daily: 0 9-17 * * *"],
    ["0 22-2 * * *", "daily: 0 0-2,22,23 * * *"],
    ["@daily", "daily: 0 0 * * *"],
    ["0 8 * * mon-fri", "weekly: 0 8 * * 1-5"],
    ["0 8 * * 5-7", "weekly: 0 8 * * 0,5,6"],
    ["0 8 ? * 7", "weekly: 0 8 * * 0"],
    ["@weekly", "weekly: 0 0 * * 0"],
    ["0 0 1,15 * *", "monthly: 0 0 1,15 * *"],
    ["0 0 L * *", "monthly: 0 0 L * *"],
    ["0 0 l-3 * ?", "monthly: 0 0 L-3 * *"],
    ["0 0 LW * *", "monthly: 0 0 LW * *"],
    ["0 0 15w * *", "monthly: 0 0 15W * *"],
    ["0 0 * * fri#2", "monthly: 0 0 * * 5#2"],
    ["0 0 * * 7#5", "monthly: 0 0 * * 0#5"],
    ["0 0 * * 5L", "monthly: 0 0 * * 5L"],
    ["0 0 ? * sunl", "monthly: 0 0 * * 0L"],
    ["0 0 * * L7", "monthly: 0 0 * * 0L"],
    ["0 0 1 */3 *", "monthly: 0 0 1 1,4,7,10 *"],
    ["@yearly", "monthly: 0 0 1 1 *"],
    ["0 4 lw jun,dec *", "monthly: 0 4 LW 6,12 *"],
    ["*/7 9-17 * * *", "custom: */7 9-17 * * *"],
    ["5/15 8-18/2 * * *", "custom: 5/15 8-18/2 * * *"],
    ["0,30 2 * * *", "custom: 0,30 2 * * *"],
    ["0 0 13 * 5", "custom: 0 0 13 * 5"],
    ["0 0 */2 * *", "custom: 0 0 */2 * *"],
    ["0 0 * 6-8 *", "custom: 0 0 * 6-8 *"],
    ["0 22-4 * 6 *", "custom: 0 22-4 * 6 *"],
    ["0 0 0 1 1 ? 2030-2040/2", "custom: 0 0 0 1 1 * 2030-2040/2"],
    ["0 0 0 1 1 ? 2030", "custom: 0 0 0 1 1 * 2030"],
    ["*/60 * * * *", "custom: */60 * * * *"],
    ["0 */24 * * *", "custom: 0 */24 * * *"],
  ])("%s is %s", (expression, expected) => {
    expect(rewritten(expression)).toBe(expected);
  });

  it.each([
    "H 2 * * *",
    "0 0 1,L * *",
    "0 0 15W * 1",
    "0 0 1 * 1#2",
    "0 0 * * 1#1,3#1",
    "0 0 * * L",
    "0 0 * * 1#6",
    "0 0 L-31 * *",
    "0 0 32W * *",
    "*/5,1 * * * *",
    "1-5/2,30 * * * *",
    "0 0 *,1 * *",
    "@reboot",
    "@every",
    "@every 5",
    "@every 5m 3s",
    "",
    " ",
    "* * * *",
    "* * * * * * * *",
    "60 * * * *",
    "0 24 * * *",
    "0 0 0 * *",
    "0 0 32 * *",
    "0 0 * 13 *",
    "0 0 * foo *",
    "0 0 * * 8",
    "? * * * *",
    "*/0 * * * *",
    "*/ * * * *",
    "1- * * * *",
    "1-2-3 * * * *",
    "-1 * * * *",
    "1,, * * * *",
    "1.5 * * * *",
    "0 0 0 1 1 ? 1969",
    "toString * * * *",
    "１ * * * *",
  ])("%s is left to the text", (expression) => {
    expect(toBuilder(expression)).toBeNull();
  });
});

describe("a state", () => {
  it("is what the controls need", () => {
    expect(toBuilder("15 30 2,14 ? * *")).toEqual({ kind: "daily", hours: [2, 14], minute: 30, second: 15 });
    expect(toBuilder("0 4 * 12 fri#2")).toEqual({
      kind: "monthly",
      months: [12],
      on: { type: "weekday", nth: 2, weekday: 5 },
      hours: [4],
      minute: 0,
      second: 0,
    });
    expect(toBuilder("0 9-17/2 1-7 * 1")).toMatchObject({
      kind: "custom",
      fields: {
        second: { mode: "list", values: [0] },
        hour: { mode: "step", step: 2, from: 9, to: 17 },
        day: { mode: "range", from: 1, to: 7 },
        month: { mode: "every" },
        weekday: { mode: "list", values: [1] },
      },
    });
  });

  it("comes back as it was, whatever is chosen", () => {
    const random = seeded(7);
    for (let turn = 0; turn < 5_000; turn += 1) {
      const state = anyState(random);
      const expression = toExpr(state);
      const back = state.kind === "custom" ? toCustom(expression) : toBuilder(expression);
      expect(back, expression).toEqual(state);
    }
  });

  it("with nothing chosen still writes an expression", () => {
    expect(toExpr({ kind: "weekly", weekdays: [], hours: [], minute: 0, second: 0 })).toBe("0 * * * *");
    expect(toExpr({ kind: "interval", days: 0, hours: 0, minutes: 0, seconds: 0 })).toBe("@every 0s");
    expect(toExpr({ kind: "daily", hours: [14, 2, 2], minute: 5, second: 0 })).toBe("5 2,14 * * *");
  });
});

describe("switchKind", () => {
  it("gives every kind from every other, which the builder can show", () => {
    for (const from of [null, ...KINDS.map((kind) => switchKind(null, kind))]) {
      for (const kind of KINDS) {
        const state = switchKind(from, kind);
        expect(state.kind).toBe(kind);
        expect(toBuilder(toExpr(state))).not.toBeNull();
      }
    }
  });

  it("keeps the time of day, and all that one control a field can show", () => {
    const daily = { kind: "daily", hours: [2, 14], minute: 30, second: 0 } as const;
    expect(toExpr(switchKind({ ...daily, hours: [2, 14] }, "weekly"))).toBe("30 2,14 * * 1");
    expect(toExpr(switchKind({ ...daily, hours: [2, 14] }, "custom"))).toBe("30 2,14 * * *");
    const same: BuilderState = { ...daily, hours: [2] };
    expect(switchKind(same, "daily")).toBe(same);
    const last = toBuilder("0 4 L * *");
    expect(toExpr(switchKind(last, "custom"))).toBe("0 4 * * *");
  });
});

function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function anyState(random: (below: number) => number): BuilderState {
  const some = (low: number, high: number, least = 1) => {
    const all = Array.from({ length: high - low + 1 }, (_, index) => low + index);
    const found = all.filter(() => random(3) === 0);
    return found.length >= least ? found : [low];
  };
  const times = { hours: some(0, 23), minute: random(60), second: random(2) * random(60) };
  switch (random(6)) {
    case 0: {
      const unit = (["second", "minute", "hour"] as const)[random(3)] ?? "hour";
      const count = 1 + random(unit === "hour" ? 23 : 59);
      return { kind: "every", count, unit, minute: unit === "hour" ? random(60) : 0 };
    }
    case 1:
      return {
        kind: "interval",
        days: random(3),
        hours: random(30),
        minutes: random(90),
        seconds: random(90),
      };
    case 2:
      return { kind: "daily", ...times };
    case 3:
      return { kind: "weekly", weekdays: some(0, 6), ...times };
    case 4: {
      const months = random(2) ? [] : some(1, 12);
      const nth = ([1, 2, 3, 4, 5, "last"] as const)[random(6)] ?? "last";
      const on = (
        [
          { type: "days", days: some(1, 31) },
          { type: "last", before: random(31) },
          { type: "lastWorkday" },
          { type: "nearestWorkday", day: 1 + random(31) },
          { type: "weekday", nth, weekday: random(7) },
        ] as const
      )[random(5)] ?? { type: "lastWorkday" };
      return { kind: "monthly", months, on, ...times };
    }
  }
  const state = switchKind(null, "custom");
  if (state.kind !== "custom") throw new Error("not custom");
  const lows = { second: 0, minute: 0, hour: 0, day: 1, month: 1, weekday: 0, year: 1970 };
  const highs = { second: 59, minute: 59, hour: 23, day: 31, month: 12, weekday: 6, year: 2099 };
  const fields = { ...state.fields };
  for (const name of FIELD_NAMES) {
    const [low, high] = [lows[name], highs[name]];
    const any = () => low + random(high - low + 1);
    const [from, to] = [any(), any()];
    fields[name] = (
      [
        { mode: "every" },
        { mode: "step", step: 1 + random(80), from: null, to: null },
        { mode: "step", step: 1 + random(80), from, to: null },
        { mode: "step", step: 1 + random(80), from, to },
        { mode: "range", from, to },
        { mode: "list", values: some(low, high) },
      ] as const
    )[random(6)] ?? { mode: "every" };
  }
  return { kind: "custom", fields };
}
