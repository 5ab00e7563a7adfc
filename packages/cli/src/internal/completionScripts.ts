/**
 * The answers to `tether --completions SHELL`: scripts that ask `tether --complete` for each word. The knowledge of the
 * commands stays in the program, so that an update needs no new script.
 */
import { shells } from "./texts.js"

/** `undefined` for a shell that is not known. */
export const completionScript = (given: string | undefined): string | undefined => {
  const shell = shells.find((name) => name === given)
  return shell === undefined ? undefined : scripts[shell]
}

// bash splits the line also at = and :, and completes only the part after the last of them. compopt is missing before
// bash 4, and fails outside of a completion.
const bash = `# Completions of tether for bash 3.2 and later.

_tether() {
  local rest=\${COMP_LINE:0:COMP_POINT} kept= gap= piece= last=0 i line reply kind at
  local -a words starts
  COMPREPLY=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    gap=\${rest%%[![:space:]]*}
    rest=\${rest#"$gap"}
    piece=\${COMP_WORDS[i]}
    # The cursor may stand within the word.
    ((i < COMP_CWORD)) || piece=$rest
    rest=\${rest#"$piece"}
    if [[ $i -eq 0 || -n $gap ]]; then
      last=\${#words[@]}
      words[last]=$piece
      starts[last]=$i
      kept=
    else
      kept=\${words[last]}
      words[last]=$kept$piece
    fi
  done
  if [[ -n $piece && -z \${piece//[=:@]/} && $COMP_WORDBREAKS == *"\${piece:0:1}"* ]]; then kept=\${words[last]}; fi
  reply=$(tether --complete bash -- "\${words[@]:1}" 2>/dev/null </dev/null)
  kind=\${reply%%$'\\n'*}
  case $kind in
    words)
      while IFS= read -r line; do
        if [[ -n $line ]]; then COMPREPLY[\${#COMPREPLY[@]}]=\${line#"$kept"}; fi
      done <<<"\${reply#words}"
      ;;
    files) _tether_compgen "\${words[last]}" -f default ;;
    directories) _tether_compgen "\${words[last]}" -d dirnames ;;
    programs) _tether_program "\${words[last]}" ;;
    "command "*)
      # Counted without tether itself.
      at=$((\${kind#command } + 1))
      if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "\${starts[at]}"
      elif declare -F _command_offset >/dev/null; then
        _command_offset "\${starts[at]}"
      elif ((at == last)); then
        _tether_program "\${words[last]}"
      else
        _tether_compgen "\${words[last]}" -f default
      fi
      ;;
  esac
}

# The programs of the PATH, or a path.
_tether_program() {
  case $1 in
    */*) _tether_compgen "$1" -f default ;;
    *) _tether_compgen "$1" -c ;;
  esac
}

# Readline itself completes paths best: with tildes, quotes, and a slash after a directory.
_tether_compgen() {
  local prefix= line
  if [[ $# -gt 2 ]] && compopt -o "$3" 2>/dev/null; then return; fi
  if [[ $1 == --*=* ]]; then prefix=\${1%%=*}=; fi
  while IFS= read -r line; do
    printf -v line %q "$line"
    line=$prefix$line
    if [[ -n $line ]]; then COMPREPLY[\${#COMPREPLY[@]}]=\${line#"$kept"}; fi
  done < <(compgen "$2" -- "\${1#"$prefix"}")
}

complete -F _tether tether
`

const zsh = `#compdef tether
# Completions of tether for zsh. They need compinit.

_tether() {
  local kind line word
  local -a answer described
  answer=("\${(@f)$(tether --complete zsh -- "\${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null </dev/null)}")
  kind=$answer[1]
  shift answer
  # Of a path, what stands after --name= is completed alone.
  if [[ $kind != words && $kind != command* && $PREFIX == --*=* ]]; then compset -P 1 '*='; fi
  case $kind in
    words)
      for line in $answer; do
        word=\${line%%$'\\t'*}
        line=\${line#*$'\\t'}
        described+=("\${word//:/\\\\:}\${line:+:$line}")
      done
      _describe -t words tether described
      ;;
    files)
      _files
      ;;
    directories)
      _files -/
      ;;
    programs)
      if [[ $PREFIX == */* ]]; then _files; else _command_names -e; fi
      ;;
    command\\ *)
      # Counted without tether itself.
      shift $((\${kind#command } + 1)) words
      (( CURRENT -= \${kind#command } + 1 ))
      _normal
      ;;
  esac
}

if [[ $funcstack[1] == _tether ]]; then
  _tether "$@"
else
  compdef _tether tether
fi
`

const fish = `# Completions of tether for fish.

function __tether_complete
    set -l before (commandline -opc)
    set -e before[1]
    set -l current (commandline -ct)
    set -l answer (tether --complete fish -- $before "$current" 2>/dev/null </dev/null)
    set -l kind "$answer[1]"
    set -e answer[1]
    set -l prefix (string match -r -- '^--[^=]*=' "$current")
    set -l value (string replace -r -- '^--[^=]*=' '' "$current")
    switch "$kind"
        case words
            string join \\n -- $answer
        case files
            __tether_prefixed "$prefix" (complete -C "tether-has-no-such-command $value")
        case directories
            __tether_prefixed "$prefix" (complete -C "tether-has-no-such-command $value" | string match -r '.*/$')
        case programs
            __tether_prefixed "$prefix" (complete -C "$value")
        case 'command *'
            # Counted from 0.
            for skipped in (seq (string replace 'command ' '' -- $kind))
                set -e before[1]
            end
            complete -C (string join ' ' -- (string escape -- $before) "$current")
    end
end

function __tether_prefixed
    for word in $argv[2..]
        printf '%s%s\\n' $argv[1] $word
    end
end

complete -c tether -e
complete -c tether -f -k -a '(__tether_complete)'
`

const scripts = { bash, fish, zsh } as const
