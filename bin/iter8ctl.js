#!/usr/bin/env node
import { existsSync } from 'node:fs';
import module from 'node:module';

const program = new URL('../dist/main.js', import.meta.url);
if (existsSync(program)) {
  module.enableCompileCache?.(); // absent on Node 20
  await import(program);
} else {
  process.stderr.write('error: iter8ctl is not built here\n  build it: npm ci && npm run build\n');
  process.exitCode = 70;
}
