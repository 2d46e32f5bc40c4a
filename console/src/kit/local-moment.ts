/** Between the API's moments and fields of the type datetime-local, which go by the viewer's clock. */

/** The moment that a field names; null where it is empty. */
export function momentOf(field: string): string | null {
  return field === "" ? null : new Date(field).toISOString();
}

/** What a field shows for a moment: to the minute, by the viewer's clock. */
export function fieldOf(at: string | null | undefined): string {
  if (!at) return "";
  const moment = new Date(at);
  const shifted = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}
