import { expect, it } from "vitest";
import { allowedBy, permissionsOf } from "./matrix";

const viewer = { permissions: ["runs:read", "audit:read"], at_home: [] };
const admin = { permissions: ["runs:submit", "runs:read"], at_home: ["tenants:manage"] };

it("names each permission once, those of the installation last", () => {
  expect(permissionsOf([viewer, admin])).toEqual([
    "audit:read",
    "runs:read",
    "runs:submit",
    "tenants:manage",
  ]);
  expect(permissionsOf([])).toEqual([]);
});

it("says which role has which", () => {
  expect(allowedBy(admin, "tenants:manage")).toBe(true);
  expect(allowedBy(admin, "runs:read")).toBe(true);
  expect(allowedBy(viewer, "runs:submit")).toBe(false);
});
