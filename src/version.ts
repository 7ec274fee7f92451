/** The version of this program, from package.json: the build puts the file's text in its place. */
import pkg from '../package.json' with { type: 'json' };

export const VERSION: string = pkg.version;

/** How we sign what we write into objects. */
export const SIGNATURE = `iter8ctl ${VERSION}`;

declare const BUILD_CHECKSUM: string | undefined;
/** Of all that this program is made of; undefined where it runs from source. */
export const BUILD: string | undefined = typeof BUILD_CHECKSUM === 'undefined' ? undefined : BUILD_CHECKSUM;
