/** Terminals that have no room for things side by side: a heading and its lines, a row and its bar. */

const LEAST_BESIDE = 60;

export const isNarrow = (columns: number): boolean => columns < LEAST_BESIDE;
