/** Limits of runs, wherever they are shown. */
export const limits = {
  label: "Limits of runs",
  counts: "Counts",
  concurrency: "At once",
  rate: "Starts",
  unlimited: "unlimited",
  rateText: (rate: number, seconds: number) =>
    seconds === 1 ? `${rate} a second` : `${rate} in ${seconds} s`,
  allRuns: "all runs",
  runsOf: (workflow: string) => `runs of ${workflow}`,
  ofTenant: (runs: string, tenant: string) => `${runs} of the tenant ${tenant}`,
  ofEachTenant: (runs: string) => `${runs} of each tenant by itself`,
  ofAll: (runs: string) => `${runs} of the installation`,
} as const;
