/** Files of a CI server that every step adds to. */
import { appendFile } from 'node:fs/promises';
import { UnavailableError } from '../../errors.ts';
import { systemReason } from '../../text/system-reasons.ts';

/** @throws UnavailableError: whoever reads what should be there would act on nothing */
export async function appendTo(file: string, text: string, what: string): Promise<void> {
  try {
    await appendFile(file, text);
  } catch (error) {
    throw new UnavailableError(`${what} cannot be written to ${file}: ${systemReason(error)}`, {
      hint: '--ci none writes nothing for the CI server',
      cause: error,
    });
  }
}
