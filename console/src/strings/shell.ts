/** The frame around every screen. */
export const shell = {
  product: "Pilothouse",
  skip: "Skip to the content",
  navigation: "Main navigation",
  open: "Open the navigation",
  search: "Search",
  searchKeys: /mac/i.test(navigator.userAgent) ? "⌘K" : "Ctrl K",
  searchPlaceholder: "Go to a screen, or paste the id of a run",
  nothingFound: "Nothing is called that.",
  openRun: (id: string) => `Open the run ${id}`,
  dark: "Dark theme",
  light: "Light theme",
  account: "Your account",
  signOut: "Sign out",
  documentation: "Documentation of the API",
  notFound: "There is no such screen.",
  notFoundHint: "The address may be mistyped, or be of a newer release.",
  toStart: "To the start",
  forbidden: "You may not see this screen.",
  forbiddenHint: (permission: string) =>
    `It needs the permission ${permission}. An admin can give you a role.`,
} as const;
