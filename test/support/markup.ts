/** What is in a page of HTML, or in a document of XML. */
import { parse, type DefaultTreeAdapterTypes } from 'parse5';
import { SaxesParser } from 'saxes';

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

export function elements(node: Node): Element[] {
  const own = 'tagName' in node ? [node] : [];
  return [...own, ...('childNodes' in node ? node.childNodes.flatMap(elements) : [])];
}

/** Names of elements and attributes: what a text can change only by breaking out. */
export const skeleton = (page: string) =>
  elements(parse(page)).map(({ tagName, attrs }) => `${tagName} ${attrs.map(({ name }) => name).join(' ')}`);

/** With the text of every element, checked to be well-formed. */
export function xmlElements(xml: string): { name: string; attributes: Record<string, string>; text: string }[] {
  const parser = new SaxesParser();
  const found: { name: string; attributes: Record<string, string>; text: string }[] = [];
  const open: typeof found = [];
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element = { name, attributes: attributes as Record<string, string>, text: '' };
    found.push(element);
    open.push(element);
  });
  parser.on('text', (text) => {
    const last = open.at(-1);
    if (last !== undefined) last.text += text;
  });
  parser.on('closetag', () => void open.pop());
  parser.write(xml).close();
  return found;
}

export function textOf(node: Node): string {
  if ('value' in node) return node.value;
  return 'childNodes' in node
    ? node.childNodes.map(textOf).join(' '.repeat('tagName' in node && /^(td|th|tr|li)$/.test(node.tagName) ? 1 : 0))
    : '';
}
