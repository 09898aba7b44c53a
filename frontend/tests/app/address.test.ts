import { describe, expect, it } from "vitest";
import { ownPath } from "../../src/app/address";

const HERE = "https://cron.example/#/sign-in";

describe("ownPath", () => {
  it("is the address of a path of the same server", () => {
    expect(ownPath("/docs", HERE)).toBe("https://cron.example/docs");
    expect(ownPath("/docs?a=1#get", HERE)).toBe("https://cron.example/docs?a=1#get");
  });

  it.each([
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "/\n\\evil.example",
    "\t//evil.example",
    "https://evil.example/docs",
    "https://cron.example@evil.example/",
    "javascript:alert(1)",
    "blob:https://cron.example/1",
    "//",
    "",
  ])("leads nowhere else: %j", (path) => {
    expect(ownPath(path, HERE)).toBeNull();
  });

  it("leaves the console's own pages to the router", () => {
    expect(ownPath("/#/sign-in", HERE)).toBeNull();
    expect(ownPath("/\t#/jobs", HERE)).toBeNull();
  });
});
