/**
 * The environment for what is measured, without NODE_EXTRA_CA_CERTS: Node 20 reads what it names at every start, 40 ms for the authorities of
 * Debian. That would be part of `node -e 0`, by which times are divided.
 */
const { NODE_EXTRA_CA_CERTS: _, ...usualEnv } = process.env;
export { usualEnv };
