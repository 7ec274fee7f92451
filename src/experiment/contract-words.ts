/** Words of the wire contract that are part of no type alone. Source: docs/contract.md 1; the CRD that Iter8 0.7 installed. */

export const API_GROUP = 'iter8.tools';
export const API_GROUP_VERSION = 'v2alpha2';
export const API_VERSION = `${API_GROUP}/${API_GROUP_VERSION}` as const;

export const TESTING_PATTERNS = ['Conformance', 'Canary', 'A/B', 'A/B/N'] as const;
export const DEPLOYMENT_PATTERNS = ['FixedSplit', 'Progressive', 'BlueGreen'] as const;
export type TestingPattern = (typeof TESTING_PATTERNS)[number];
export type DeploymentPattern = (typeof DEPLOYMENT_PATTERNS)[number];

export const CONDITION_TYPES = ['Completed', 'Failed', 'TargetAcquired'] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];

/** Largest int32: what the CRDs of Iter8 0.7 accept. */
export const MAX_INT32 = 2_147_483_647;

export const STAGES = ['Waiting', 'Initializing', 'Running', 'Finishing', 'Completed'] as const;
export type Stage = (typeof STAGES)[number];
