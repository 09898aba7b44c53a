import { beforeEach, describe, expect, it, vi } from "vitest";
import { connection } from "../../src/api/connection";

beforeEach(() => {
  connection.worked();
  connection.streams(null);
});

describe("connection", () => {
  it("is live only while events come", () => {
    expect(connection.state).toBe("unknown");
    connection.streams(true);
    expect(connection.state).toBe("ok");
    connection.streams(false);
    connection.worked();
    expect(connection.state).toBe("silent");
  });

  it("is lost while nothing answers, whatever the stream", () => {
    connection.streams(true);
    connection.failed();
    expect(connection.state).toBe("lost");
    connection.worked();
    expect(connection.state).toBe("ok");
  });

  it("tells changes alone", () => {
    const heard = vi.fn();
    const remove = connection.onChange(heard);
    connection.streams(true);
    connection.worked();
    connection.streams(true);
    remove();
    connection.failed();
    expect(heard.mock.calls).toEqual([["ok"]]);
  });
});
