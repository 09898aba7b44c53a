import { expect, test } from "vitest";
import { EXPIRIES, expiresAt, urgency } from "../../src/pages/tokens/expiry";

const NOW = Date.parse("2026-03-01T12:00:00Z");

test("a token ends after its days, or never", () => {
  expect(EXPIRIES.map((each) => expiresAt(each, NOW))).toEqual([
    "2026-03-08T12:00:00.000Z",
    "2026-03-31T12:00:00.000Z",
    "2026-05-30T12:00:00.000Z",
    "2027-03-01T12:00:00.000Z",
    null,
  ]);
});

test("a token that ends within a week is urgent, one that has ended is over", () => {
  expect(urgency(null, NOW)).toBeNull();
  expect(urgency("2026-03-08T12:00:01Z", NOW)).toBeNull();
  expect(urgency("2026-03-08T12:00:00Z", NOW)).toBe("soon");
  expect(urgency("2026-03-01T12:00:00Z", NOW)).toBe("over");
});
