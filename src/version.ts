/** The version of this program, from package.json: the build puts the file's text in its place. */
import pkg from '../package.json' with { type: 'json' };

export const VERSION: string = pkg.version;

/** How we sign what we write into objects. */
export const SIGNATURE = `iter8ctl ${VERSION}`;
