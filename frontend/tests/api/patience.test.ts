import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { patiently } from "../../src/api/patience";

const URL_OF_JOBS = "http://localhost/api/v1/jobs";
const broken = new TypeError("Failed to fetch");
const away = (status: number, retryAfter?: string) =>
  new Response("{}", { status, headers: retryAfter ? { "Retry-After": retryAfter } : {} });

let outcomes: (Response | Error)[];
const asked: string[] = [];

function send(attempt: Request): Promise<Response> {
  asked.push(attempt.method);
  const outcome = outcomes.shift() ?? new Response("[]");
  return outcome instanceof Response ? Promise.resolve(outcome) : Promise.reject(outcome);
}

async function ask(method = "GET"): Promise<Response> {
  const answer = patiently(new Request(URL_OF_JOBS, { method }), send);
  answer.catch(() => undefined); // looked at below, after the pause
  await vi.runAllTimersAsync();
  return answer;
}

beforeEach(() => {
  vi.useFakeTimers();
  asked.length = 0;
});
afterEach(() => vi.useRealTimers());

describe("a question", () => {
  it.each([
    ["that broke off", broken],
    ["answered by a proxy without masters", away(502)],
    ["answered by a proxy that waited too long", away(504)],
    ["answered by a master that will be well soon", away(503, "2")],
  ])("%s is asked once more", async (_, outcome) => {
    outcomes = [outcome];
    expect((await ask()).status).toBe(200);
    expect(asked).toEqual(["GET", "GET"]);
  });

  it("is not asked a third time", async () => {
    outcomes = [broken, away(502)];
    expect((await ask()).status).toBe(502);
    outcomes = [away(502), broken];
    await expect(ask()).rejects.toBe(broken);
    expect(asked).toHaveLength(4);
  });

  it.each([away(503), away(503, "60"), away(500), away(404), away(429, "1")])(
    "keeps any other answer: %s",
    async (answer) => {
      outcomes = [answer];
      expect(await ask()).toBe(answer);
      expect(asked).toHaveLength(1);
    },
  );

  it("whose time was up is not asked again", async () => {
    outcomes = [new DOMException("", "TimeoutError")];
    await expect(ask()).rejects.toMatchObject({ name: "TimeoutError" });
    expect(asked).toHaveLength(1);
  });

  it("of a page that is left meanwhile is not asked again", async () => {
    outcomes = [broken];
    const left = new AbortController();
    const answer = patiently(new Request(URL_OF_JOBS, { signal: left.signal }), send);
    await vi.advanceTimersByTimeAsync(1);
    left.abort();
    await expect(answer).rejects.toMatchObject({ name: "AbortError" });
    await vi.runAllTimersAsync();
    expect(asked).toHaveLength(1);
  });
});

it.each(["POST", "PUT", "PATCH", "DELETE"])("a change is made once: %s", async (method) => {
  outcomes = [broken];
  await expect(ask(method)).rejects.toBe(broken);
  outcomes = [away(503, "1")];
  expect((await ask(method)).status).toBe(503);
  expect(asked).toEqual([method, method]);
});
