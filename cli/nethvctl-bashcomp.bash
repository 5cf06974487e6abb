# SPDX-License-Identifier: Apache-2.0
# Completion of nethvctl's command line for bash.
#
# What can follow is asked of nethvctl itself (--commands, --options) and, for
# names, of the database, with a short timeout.

# Prints the options that nethvctl takes with any verb.
_nethvctl_options() {
    nethvctl --options 2>/dev/null | sed -n 's/^\(--[a-z-]*\(=\)\?\).*/\1/p'
}

# Prints the verbs.
_nethvctl_verbs() {
    nethvctl --commands 2>/dev/null | cut -d, -f2
}

# Prints the options of the verb "$1".
_nethvctl_verb_options() {
    nethvctl --commands 2>/dev/null | awk -F, -v verb="$1" '
        $2 == verb {
            n = split($1, options, " ")
            for (i = 1; i <= n; i++) {
                gsub(/[][]/, "", options[i])
                print options[i]
            }
        }'
}

# Prints what the argument "$2", counted from 1, of the verb "$1" is called in
# its description, in capitals: "TABLE", "[TENANT|NETWORK]" and so on.
_nethvctl_argument() {
    nethvctl --commands 2>/dev/null | awk -F, -v verb="$1" -v n="$2" '
        $2 == verb {
            count = split($3, words, " ")
            word = words[n < count ? n : count]
            if (n <= count || word ~ /^[*+]/) {
                gsub(/^[!?*+]+/, "", word)
                print word
            }
        }'
}

# Prints the names in the tables "$@" of the database.
_nethvctl_names() {
    local table
    for table; do
        nethvctl "${_nethvctl_db[@]}" --timeout=1 --no-syslog --bare \
            --columns=name list "$table" 2>/dev/null | sed '/^$/d'
    done
}

# Prints what an argument called "$1" can be; "$2" is the first argument, a
# table's name for the generic commands.
_nethvctl_candidates() {
    local kind
    case $1 in
    TABLE)
        nethvctl --help 2>/dev/null |
            sed -n '/^Database commands may/,/^[^ ]*$/s/^  \([A-Z][A-Za-z_]*\):$/\1/p'
        return ;;
    RECORD)
        _nethvctl_names "$2"
        return ;;
    esac
    for kind in ${1//|/ }; do
        case $kind in
        TENANT) _nethvctl_names Tenant ;;
        NETWORK) _nethvctl_names Network ;;
        SWITCH) _nethvctl_names Switch ;;
        PORT) _nethvctl_names Port ;;
        LINK) _nethvctl_names Link ;;
        CLOUD) _nethvctl_names Cloud ;;
        HOST) _nethvctl_names Host ;;
        [a-z]*) echo "$kind" ;;
        esac
    done
}

_nethvctl() {
    local cur=${COMP_WORDS[COMP_CWORD]} verb='' first='' i n=0 word
    local _nethvctl_db=()
    COMPREPLY=()

    # The verb before the cursor, and how many arguments it has so far.
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        --)
            verb='' n=0 first='' ;;
        --db)
            if [ "${COMP_WORDS[i + 1]}" = = ]; then
                _nethvctl_db=("--db=${COMP_WORDS[i + 2]}")
                i=$((i + 2))
            fi ;;
        -*|=)
            ;;
        *)
            if [ -z "$verb" ]; then
                verb=$word
            else
                n=$((n + 1))
                first=${first:-$word}
            fi ;;
        esac
    done

    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W \
            "$(_nethvctl_options) ${verb:+$(_nethvctl_verb_options "$verb")}" \
            -- "$cur")
        [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
    elif [ -z "$verb" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_nethvctl_verbs)" -- "$cur")
    else
        word=$(_nethvctl_argument "$verb" $((n + 1)))
        if [ "$word" = FILE ]; then
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            compopt -o filenames
        else
            mapfile -t COMPREPLY < <(compgen -W \
                "$(_nethvctl_candidates "$word" "$first")" -- "$cur")
        fi
    fi
} 2>/dev/null

complete -F _nethvctl nethvctl
