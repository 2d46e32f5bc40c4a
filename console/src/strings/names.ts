/** What the screens and the parts of the navigation are called. */
export const names = {
  start: "Start",
  runs: "Runs",
  run: "Run",
  health: "Health",
  workers: "Workers and queue",
  breakers: "Breakers",
  schedules: "Schedules",
  schedule: "Schedule",
  account: "Your account",
  people: "People",
  roles: "Roles",
  keys: "Keys",
  engagements: "Engagements",
  notifications: "Notifications",
  retention: "Retention",
  limits: "Limits",
  tenants: "Tenants",
  tenant: "Tenant",
  attestations: "Attestations",
} as const;

export const groups = {
  work: "Work",
  governance: "Governance",
  models: "Models and prompts",
  operations: "Operations",
  settings: "Settings",
} as const;
