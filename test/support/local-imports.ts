/**
 * Imports as local constants. vitest turns each use of an imported name into a look-up in an object of the module, which
 * makes simulations several times slower than they are in the program. This relies on two habits of the project: no
 * import cycles (test/layers.test.ts), and no exported `let`.
 */
import type { Plugin } from 'vitest/config';

/** A plugin of Vite: `import { a as b } from 'x'` becomes `import { a as $import_b } from 'x';const b=$import_b`, on the same lines. */
export function localImports(): Plugin {
  return {
    name: 'local-imports',
    enforce: 'post',
    transform(code, id) {
      if (!id.endsWith('.ts') || id.includes('/node_modules/')) return undefined;
      let [changed, from] = ['', 0];
      for (const node of this.parse(code).body) {
        if (node.type !== 'ImportDeclaration') continue;
        const names = node.specifiers.flatMap((one) =>
          one.type === 'ImportSpecifier' && one.imported.type === 'Identifier'
            ? [{ imported: one.imported.name, local: one.local.name }]
            : [],
        );
        if (names.length === 0 || names.length < node.specifiers.length) continue;
        const taken = names.map(({ imported, local }) => `${imported} as $import_${local}`);
        const made = names.map(({ local }) => `${local}=$import_${local}`);
        const lines = code.slice(node.start, node.end).split('\n').length - 1;
        changed += `${code.slice(from, node.start)}import { ${taken.join(', ')} } from ${JSON.stringify(node.source.value)};const ${made.join(',')};${'\n'.repeat(lines)}`;
        from = node.end;
      }
      return from === 0 ? undefined : { code: changed + code.slice(from), map: null };
    },
  };
}
