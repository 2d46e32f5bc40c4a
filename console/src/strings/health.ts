/** The screens of health and of breakers. */
export const health = {
  summary: "Each part that this process depends on, looked at anew every ten seconds.",
  version: (version: string) => `Version ${version}`,
  conditions: { well: "Well", degraded: "Degraded", failed: "Failed", absent: "Not there" },
  overall: {
    well: "Everything is well.",
    degraded: "Something is not as it should be. Runs go on.",
    failed: "Something has failed. Look at the parts below that say so.",
    absent: "Nothing is looked at.",
  },
  advice: "What to do",
  figures: "Figures",
  parts: {
    database: {
      means: "Every run, entry and setting is kept here.",
      todo: "See that the database server runs and has room. While it is slow, look for long transactions and for too few connections.",
    },
    schema: {
      means: "The tables are those that this version needs.",
      todo: "Run pilothouse db migrate with the newer of the two versions, and restart what is older.",
    },
    worker: {
      means: "Runs are executed by workers, which are heard of every few seconds.",
      todo: "Start a worker, or restart the one that is silent; its runs are taken over by others.",
    },
    queue: {
      means: "Runs that wait until a worker has a slot for them.",
      todo: "Start more workers or give them more slots. See under Workers whether limits hold runs back or versions are missing.",
    },
    listener: {
      means: "Hears at once when something is to be done, instead of looking now and then.",
      todo: "It connects again by itself. If it does not, see that the way to the database allows long connections.",
    },
    artifacts: {
      means: "The place for files that runs have made.",
      todo: "See that the folder or bucket is there, may be written by this process, and has room.",
    },
    disk: { means: "The disk of the data folder.", todo: "Make room, or set rules under Retention." },
    secrets: {
      means: "The places that keep secrets.",
      todo: "See that the place answers. What was read before is used until then.",
    },
    collector: {
      means: "Where traces are sent. Runs do not depend on it.",
      todo: "See that the collector answers at the address of the settings.",
    },
    limits: {
      means: "Counts requests of people, keys and addresses.",
      todo: "See that Redis answers. Until then each process counts by itself, or as the settings say.",
    },
    load: {
      means: "Requests are put off when there are more than can be served.",
      todo: "Add processes that serve the API, or look for who asks so much.",
    },
    dependencies: {
      means: "Services that are called from here, each behind a breaker.",
      todo: "See under Breakers which service fails, and help it. Calls are let through again by themselves.",
    },
    models: {
      means: "Providers of models. Without any, experts answer.",
      todo: "See that each provider of the settings has a key.",
    },
    backups: {
      means: "Copies of the data from which it can be restored.",
      todo: "See that there is room where they are put, and make one by pilothouse backup.",
    },
    wal_archive: {
      means: "What was written since the last backup, kept elsewhere.",
      todo: "See that the place of the archive can be written, and has room.",
    },
  },
  otherPart: { means: "A part that this process depends on.", todo: "What it says tells what is missing." },
} as const;

export const breakers = {
  summary:
    "Each service that is called from here stands behind a breaker, which stops calls while the service keeps failing.",
  name: "Dependency",
  state: "State",
  calls: "Calls",
  failing: "Failed",
  slow: "Slow",
  changed: "Last change",
  byHand: "By hand",
  processes: (count: number) => (count === 1 ? "1 process" : `${count} processes`),
  rate: (percent: number) => `${percent}%`,
  none: "No breaker has anything to tell.",
  noneHint:
    "A breaker is shown once a process has called its service within the last half minute, and while it is set by hand.",
  states: {
    closed: "Closed",
    open: "Open",
    half_open: "Half-open",
    forced_open: "Forced open",
    disabled: "Disabled",
    metrics_only: "Watch only",
  },
  meanings: {
    closed: "Calls pass and are counted.",
    open: "Calls fail at once until the service may be tried again.",
    half_open: "A few calls pass to find out whether the service works again.",
    forced_open: "Calls fail, by hand.",
    disabled: "Calls pass and are not counted, by hand.",
    metrics_only: "Calls pass and are counted, by hand.",
  },
  modes: {
    forced_open: "Force open: every call fails at once",
    disabled: "Disable: every call passes, none is counted",
    metrics_only: "Watch only: every call passes and is counted",
  },
  set: "Set by hand",
  setTitle: (name: string) => `Set ${name} by hand`,
  setAny: "Set a breaker by hand",
  nameLabel: "Name of the dependency",
  nameHint: "As it stands in the list and the log, such as model/openai or smtp.",
  mode: "What it does from now on",
  reason: "Why",
  reasonHint: "It stands in the audit log, and here for others.",
  until: "Until",
  untilHint: "It lets go by itself then. Empty: until somebody lets go.",
  everywhere: "It holds in every process within a second.",
  release: "Let go",
  released: "Let go in the console",
  releaseTitle: (name: string) => `Let ${name} go`,
  releaseWhat: "The breaker decides by itself again, from what it counts.",
  reset: "Reset",
  resetTitle: (name: string) => `Reset ${name}`,
  resetWhat: "Every process forgets what it has counted and closes the breaker. Calls pass again.",
  setBy: (who: string) => `by ${who}`,
  untilAt: "until",
} as const;
