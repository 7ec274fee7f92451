/** Larger texts are no manifests. In UTF-16 code units. */
export const MAX_TEXT_LENGTH = 10 * 1024 * 1024;
/** Collections within collections. */
export const MAX_DEPTH = 100;
