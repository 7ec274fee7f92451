/** Installs tools with the ordinary clients of their registries into a cache, once a version. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { need, run, Unavailable } from './process.mjs';

const INSTALL_MS = 900_000;

/** Done at most once: a folder that is there is complete. */
async function once(folder, work) {
  if (existsSync(path.join(folder, '.complete'))) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    await work();
  } catch (error) {
    throw new Unavailable(
      `it cannot be installed: ${error.message.trim().split('\n').slice(-3).join(' | ').slice(0, 300)}`,
    );
  }
  writeFileSync(path.join(folder, '.complete'), '');
  return folder;
}

const folderOf = (cache, name, version) => path.join(cache, `${name}-${version}`);

export const isInstalled = (cache, name, version) => existsSync(path.join(folderOf(cache, name, version), '.complete'));

/** @returns the program */
export async function goProgram(cache, name, module, version) {
  need('go', 'Go is not installed');
  const folder = await once(folderOf(cache, name, version), () =>
    run('go', ['install', `${module}@${version}`], {
      timeoutMs: INSTALL_MS,
      env: { ...process.env, GOBIN: folderOf(cache, name, version), GOFLAGS: '-mod=mod' },
    }),
  );
  return path.join(folder, name);
}

/** @returns the folder of all jars */
export async function jars(cache, name, coordinates) {
  need('java', 'Java is not installed');
  need('mvn', 'Maven is not installed');
  return once(path.join(cache, name), async () => {
    const pom = path.join(cache, name, 'pom.xml');
    const dependencies = coordinates.map((one) => {
      const [group, artifact, version] = one.split(':');
      return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
    });
    writeFileSync(
      pom,
      `<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version><dependencies>${dependencies.join('')}</dependencies></project>`,
    );
    await run(
      'mvn',
      ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${path.join(cache, name, 'lib')}`],
      { timeoutMs: INSTALL_MS },
    );
  });
}

/** @returns the folder of a virtual environment */
export async function pythonPackage(cache, name, version) {
  need('python3', 'Python is not installed');
  const folder = path.join(cache, `${name}-${version}`);
  return once(folder, async () => {
    await run('python3', ['-m', 'venv', folder], { timeoutMs: INSTALL_MS });
    await run(path.join(folder, 'bin/pip'), ['install', '-q', `${name}==${version}`], { timeoutMs: INSTALL_MS });
  });
}
