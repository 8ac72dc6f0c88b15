import type { CommandUnknownOpts } from '@commander-js/extra-typings'

/** Shells that {@link completionScript} knows. */
export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** A script for a shell that completes the program's commands, options and their words; files everywhere else. */
export function completionScript(shell: Shell, program: CommandUnknownOpts): string {
  return shell === 'fish' ? fishScript(program) : bashScript(program, shell === 'zsh')
}

function bashScript(program: CommandUnknownOpts, zsh: boolean): string {
  const commands = program.commands.map((command) => command.name())
  const options = program.commands.map(
    (command) => `    ${command.name()}) options=${quoted(longOptions(command).join(' '))} ;;`,
  )
  const words = new Map<string, string>()
  for (const command of program.commands) {
    for (const option of command.options) {
      if (option.argChoices !== undefined && option.long)
        words.set(`${command.name()} ${option.long}`, option.argChoices.join(' '))
    }
  }
  const choices = [...words].map(
    ([place, list]) =>
      `    ${quoted(place)}) COMPREPLY=($(compgen -W ${quoted(list)} -- "$current")); return ;;`,
  )
  return `${zsh ? '#compdef nigh\nautoload -U +X bashcompinit && bashcompinit\n' : ''}_nigh() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" options=
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${quoted([...commands, '--help', '--version'].join(' '))} -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]} $previous" in
${choices.join('\n')}
  esac
  case "\${COMP_WORDS[1]}" in
${options.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _nigh nigh
`
}

function fishScript(program: CommandUnknownOpts): string {
  const lines: string[] = []
  for (const command of program.commands) {
    const name = command.name()
    lines.push(`complete -c nigh -n __fish_use_subcommand -f -a ${name} -d ${quoted(command.summary())}`)
    for (const option of command.options) {
      const long = option.long?.replace('--', '') ?? ''
      const words = option.argChoices === undefined ? '' : ` -x -a ${quoted(option.argChoices.join(' '))}`
      const argument = words === '' && (option.required || option.optional) ? ' -r' : words
      lines.push(
        `complete -c nigh -n '__fish_seen_subcommand_from ${name}' -l ${long}${argument} -d ${quoted(option.description)}`,
      )
    }
  }
  return `${lines.join('\n')}\n`
}

function longOptions(command: CommandUnknownOpts): string[] {
  return [...command.options.flatMap(({ long }) => (long ? [long] : [])), '--help']
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
