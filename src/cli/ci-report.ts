/** What a CI server gets by itself: in GitHub Actions a group, annotations, the job summary and outputs of the step. */
import { randomUUID } from 'node:crypto';
import { Command, Option } from 'commander';
import type { Io } from '../io.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { Annotation } from '../report/github-actions.ts';
import { experimentView, type Driven } from '../view/experiment-view.ts';
import type { Progress } from './progress-display.ts';

export interface CiFlags {
  readonly ci?: 'auto' | 'none';
}

export function withCiFlag(command: Command): Command {
  return command.addOption(
    new Option('--ci <what>', 'in GitHub Actions: group, annotations, job summary and outputs by itself')
      .choices(['auto', 'none'])
      .default('auto'),
  );
}

/** Whether it is a step of GitHub Actions that wants them. */
export function isGithubActions({ ci = 'none' }: CiFlags, io: Io): boolean {
  return ci === 'auto' && io.env['GITHUB_ACTIONS'] === 'true';
}

/** Made for a step; `close` whatever happens. */
export interface CiReport {
  /** The same progress, within a group that is closed when it ends. */
  grouped(progress: Progress): Progress;
  /** An answer is printed now, with texts of others in it. */
  answering(): void;
  end(experiment: Experiment, reports: readonly string[], driven?: Driven): Promise<void>;
  /** The same for an answer that is no experiment. */
  answer(answer: CiAnswer, summary: string, reports: readonly string[]): Promise<void>;
  close(): void;
}

export interface CiAnswer {
  /** The answer first. */
  readonly annotations: readonly Annotation[];
  /** For later steps. */
  readonly answer: string;
}

/**
 * Commands of the runner are lines of stderr. While texts of others are printed it obeys none but the one that ends that, which
 * nobody can guess: an experiment cannot steer the job.
 */
export async function githubActions(io: Io): Promise<CiReport> {
  const [
    { annotationLines, annotations, jobSummary, outputs, outputsText, summaryText, workflowCommand },
    { appendTo },
  ] = await Promise.all([import('../report/github-actions.ts'), import('../adapters/reports/append-file.ts')]);
  const token = randomUUID();
  let areCommandsStopped = false;
  let group: 'none' | 'open' | 'closed' = 'none';
  const write = (line: string) => io.stderr.write(`${line}\n`);
  const stopCommands = () => {
    if (!areCommandsStopped) write(workflowCommand('stop-commands', token));
    areCommandsStopped = true;
  };
  const resumeCommands = () => {
    if (areCommandsStopped) write(`::${token}::`);
    areCommandsStopped = false;
  };
  const open = () => {
    if (group !== 'none') return;
    group = 'open';
    write(workflowCommand('group', 'iter8ctl'));
    stopCommands();
  };
  const closeGroup = () => {
    if (group !== 'open') return;
    group = 'closed';
    resumeCommands();
    write(workflowCommand('endgroup', ''));
  };
  const say = async (lines: readonly string[], summary: string, values: string) => {
    closeGroup();
    resumeCommands();
    for (const line of lines) write(line);
    const { GITHUB_STEP_SUMMARY: summaryFile = '', GITHUB_OUTPUT: outputFile = '' } = io.env;
    if (summaryFile !== '') await appendTo(summaryFile, summary, 'the job summary');
    if (outputFile !== '') await appendTo(outputFile, values, 'the outputs of the step');
  };
  return {
    answering: stopCommands,
    grouped: (progress) => ({
      show: (event) => {
        open();
        progress.show(event);
      },
      say: (text) => {
        open();
        progress.say(text);
      },
      end: () => {
        progress.end();
        closeGroup();
        stopCommands(); // the answer comes now
      },
    }),
    end: (experiment, reports, driven) => {
      const view = experimentView(experiment, io.clock.now(), driven);
      return say(annotations(view), jobSummary(view), outputs(view, reports, randomUUID()));
    },
    answer: ({ annotations: all, answer }, summary, reports) =>
      say(
        annotationLines(all),
        summaryText(summary),
        outputsText({ verdict: '', version: '', answer, report: reports.join('\n') }, randomUUID()),
      ),
    close: () => {
      closeGroup();
      resumeCommands();
    },
  };
}
