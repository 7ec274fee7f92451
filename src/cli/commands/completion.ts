/** `iter8ctl completion SHELL`: what a shell needs to complete commands, flags, and names of experiments. */
import { Argument, Command } from 'commander';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/**
 * They give the words of the line, the last one perhaps empty, to `iter8ctl __complete` and offer what it prints, one a line.
 * Words never become shell text: they are arguments, and what comes back is a list.
 */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# bash completion of iter8ctl: source <(iter8ctl completion bash)
_iter8ctl() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("$line")
  done < <("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [ "\${#COMPREPLY[@]}" -eq 0 ]; then
    compopt -o default 2>/dev/null
  fi
}
complete -F _iter8ctl iter8ctl kubectl-iter8
`,
  zsh: `#compdef iter8ctl kubectl-iter8
# zsh completion of iter8ctl: source <(iter8ctl completion zsh)
_iter8ctl() {
  local -a found
  found=("\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ \${#found} -eq 0 || -z "\${found[1]}" ]]; then
    _files
  else
    compadd -a found
  fi
}
compdef _iter8ctl iter8ctl kubectl-iter8
`,
  fish: `# fish completion of iter8ctl: iter8ctl completion fish | source
function __iter8ctl_complete
    set -l words (commandline -opc) (commandline -ct)
    command $words[1] __complete $words[2..-1] 2>/dev/null
end
complete -c iter8ctl -a '(__iter8ctl_complete)'
complete -c kubectl-iter8 -a '(__iter8ctl_complete)'
`,
};

export function completionCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('completion')
    .description('prints the completion script of a shell')
    .addArgument(new Argument('<shell>', 'which').choices([...SHELLS]));
  return command.action((shell: Shell) => {
    io.stdout.write(SCRIPTS[shell]);
    done(EXIT.ok);
  });
}
