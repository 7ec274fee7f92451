/** What a text is that is no YAML, where that can be seen: a template, or characters that look like spaces. */

export interface Hint {
  readonly offset: number;
  readonly message: string;
}

const TEMPLATE = 'this is a Helm template that has not been rendered: helm template RELEASE CHART | iter8ctl run -f -';
/** What only a template of Helm has; `{{` alone may stand in the body of a query. */
const HELM =
  /\{\{-?\s*(?:\$?\.(?:Values|Release|Chart|Capabilities|Files|Template)\b|(?:include|template|define|block|range|with|if|else|end|tpl|toYaml|required|default|printf|lookup|\/\*|\$\w*\s*:?=)(?![\w/]))/;
/** In a text that is no YAML any of them is one. */
const BRACES = /\{\{/;
/** A space that is none, where YAML wants spaces. */
const ODD = String.raw`[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]`;
const ANY_ODD = new RegExp(ODD);
const ODD_INDENT = new RegExp(String.raw`^[ \t]*(?:- )*(${ODD})`, 'm');
/** Where it could be read, only before a key: a text may begin with one. */
const ODD_KEY = new RegExp(String.raw`^[ \t]*(?:- )*(${ODD})(?=[\s\u200b]*[\w"'-]+:(?:\s|$))`, 'm');

/** `isBroken`: it could not be read. */
export function hintAbout(text: string, { isBroken }: { readonly isBroken: boolean }): Hint | undefined {
  const template = text.includes('{{') ? templateIn(text, isBroken) : null;
  if (template !== null) return { offset: template.index, message: `{{ }}: ${TEMPLATE}` };
  const space = ANY_ODD.test(text) ? (isBroken ? ODD_INDENT : ODD_KEY).exec(text) : null;
  if (space === null) return undefined;
  const [all, character = ''] = space;
  const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  const name = code === '00A0' ? 'a no-break space' : 'a character that looks like a space';
  return {
    offset: space.index + all.length - 1,
    message: `indented with ${name} (U+${code}); YAML takes plain spaces only`,
  };
}

/** Outside of comments. */
function templateIn(text: string, isBroken: boolean): RegExpExecArray | null {
  const lines = text.replaceAll(/^[ \t]*#.*$/gm, (comment) => ' '.repeat(comment.length));
  return HELM.exec(lines) ?? (isBroken ? BRACES.exec(lines) : null);
}
