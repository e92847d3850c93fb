#!/bin/sh
# The main job on the bundled corpus, and what it leaves. Run by `make demo`.
set -eu
BIN="${BIN:-.venv/bin}"
WORKSPACE="${WORKSPACE:-workspaces/demo}"

echo "==> What will be built, and which sources may be used"
"$BIN/clairiere" plan recipes/demo.toml --workspace "$WORKSPACE"

echo "==> From sources to a published, talking model"
"$BIN/clairiere" build recipes/demo.toml --workspace "$WORKSPACE"

echo "==> It talks (what it was given is the first line and the next speaker's tag)"
PROMPT='[Intervenant 1:] Bonjour, je voudrais un renseignement.
[Intervenant 2:]'
printf '%s' "$PROMPT"
"$BIN/clairiere" complete "$WORKSPACE/release" --prompt "$PROMPT" --turns 5 --max-tokens 160 --seed 1 --temperature 0.6

echo
echo "==> See the report:  $WORKSPACE/evaluate/report.html"
echo "    Read the card:   $WORKSPACE/release/README.md"
echo "    Talk with it:    $BIN/clairiere chat $WORKSPACE/release"
