// @ts-expect-error: the package brings no types, and is CommonJS.
import ms from "ms";

/** How long so many milliseconds are, in words. */
export function spoken(milliseconds: number): string {
  return ms(milliseconds, { long: true });
}
