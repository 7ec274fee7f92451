/** `iter8ctl explain [NAME]`, `explain -f FILE|-`: why the answer is what it is, and what would turn it. */
import { Command } from 'commander';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import { explanationOf, type Explanation } from '../../view/explanation.ts';
import { experimentView } from '../../view/experiment-view.ts';
import { jsonView } from '../../report/json-view.ts';
import { renderExplanation } from '../../render/explain.ts';
import { plainAnswerText } from '../plain-answer.ts';
import { stdoutTheme } from '../print-experiment.ts';
import { withOutputFlags, withStoreFlags } from '../shared-flags.ts';
import { findDescribed, type DescribedFlags } from '../experiment-to-describe.ts';

export function explainCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('explain')
    .description('says why the answer is what it is: the evidence of each limit, and where it would turn')
    .argument('[name]', 'the experiment; without it the newest')
    .option('-f, --filename <file>', 'explain an object in a file, - for standard input')
    .option('--ignore-others', 'skip objects of other kinds in that file, with a note');
  return withOutputFlags(withStoreFlags(command), ['text', 'json', 'yaml']).action(
    async (name: string | undefined, flags: DescribedFlags) => {
      const { experiment, driven } = await findDescribed(name, flags, io);
      const explanation = explanationOf(experiment, experimentView(experiment, io.clock.now(), driven));
      const options = { theme: stdoutTheme(io, flags), columns: io.stdout.columns ?? 80 };
      io.stdout.write(
        await plainAnswerText(flags.output, {
          plain: () => plainExplanation(explanation),
          text: () => renderExplanation(explanation, options),
        }),
      );
      done(EXIT.ok);
    },
  );
}

/** Objectives as `-o json` of describe has them, in the order of their weight, each with what turns it. */
function plainExplanation({ view, limits }: Explanation) {
  const { experiment, recommendation, objectives } = jsonView({
    ...view,
    objectives: limits.map(({ assessment }) => assessment),
  });
  return {
    apiVersion: 'iter8ctl/v1',
    kind: 'Explanation',
    experiment,
    recommendation,
    limits: limits.map(({ within, beyond, turns, measured }, index) => ({
      ...objectives[index],
      ...(within === undefined ? {} : { within }),
      ...(beyond === undefined ? {} : { beyond }),
      ...(turns === undefined ? {} : { turns }),
      ...(measured === undefined ? {} : { measured }),
    })),
  };
}
