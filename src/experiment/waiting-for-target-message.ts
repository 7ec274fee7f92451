/** What the message of an experiment says while another has its target: written by who drives it, read by who looks. */
const START = 'Waiting for target ';
const WAITING = /^(?:ExperimentInitialized: )?Waiting for target .*?, which (.*) has$/s;

export const waitingMessage = (target: string, holder: string): string => `${START}${target}, which ${holder} has`;

export const isWaitingMessage = (message: string): boolean => message.startsWith(START);

/** `experiment shop/other`; undefined of other messages. */
export const targetHolderOf = (message: string | undefined): string | undefined => WAITING.exec(message ?? '')?.[1];
