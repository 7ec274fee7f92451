/** Marks of the placeholders of a script while it is read, and the variables that take their places. Pure. */

/** Cannot stand in a script: marks the place of a placeholder, around its number. */
export const MARK = '\0';

/** What stands in a script for the placeholder of that number, from 0, until `placeWords` puts a variable there. */
export function placeMark(number: number): string {
  return `${MARK}${number}${MARK}`;
}

/** The variable that holds the value of the placeholder of that number. */
export function variableOf(number: number): string {
  return `ITER8_V${number + 1}`;
}
