import { describe, expect, it } from "vitest";
import { badRole } from "./roles-input";

describe("roles that were typed", () => {
  it("are those that there are, and approvers by name", () => {
    expect(badRole(["viewer", "approver", "approver:finance", "admin"])).toBeUndefined();
    expect(badRole(["viewer", "owner"])).toBe("owner");
    expect(badRole(["approver:Finance"])).toBe("approver:Finance");
  });
});
