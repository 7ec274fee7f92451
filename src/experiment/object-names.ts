/** Forms of names as Kubernetes takes them. Source: RFC 1123; Kubernetes, "Object Names and IDs". */

/** A DNS label: a namespace. */
export const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** A DNS subdomain: an object, the prefix of a label. Its length is for who asks: an object's is at most `LONGEST_NAME`. */
export const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
export const LONGEST_NAME = 253;
/** Whatever could be the name of an object: no more than that nothing else can hide in it. */
export const OBJECT_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
