#!/usr/bin/env bash
# From a fresh clone to a trained network and a prediction: installs what is needed, builds, composes
# the demo corpus, trains, evaluates, predicts. Everything it makes is in quickstart/ and build/.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "== install ==" >&2
scripts/install_deps.sh build
echo "== build ==" >&2
scripts/build.sh release mer >&2

mer=build/bin/mer
out=quickstart
echo "== compose the demo corpus ==" >&2
[[ -f $out/songs/manifest.csv ]] || "$mer" synth -o $out/songs --songs 128
echo "== train ==" >&2
if [[ ! -d $out/runs/demo ]]; then
  "$mer" train -c configs/quickstart.yaml --runs $out/runs --name demo
elif ! grep -q '"status": "finished"' $out/runs/demo/run.json; then
  "$mer" train --resume $out/runs/demo
fi
echo "== evaluate on songs that were not trained on ==" >&2
"$mer" eval $out/runs/demo
echo "== predict one song with the network just trained ==" >&2
"$mer" predict tests/fixtures/sample_song.flac -m $out/runs/demo
if [[ -f data/models/default.safetensors ]]; then
  echo "== predict it with the bundled model, trained on real music ==" >&2
  "$mer" predict tests/fixtures/sample_song.flac --timeline
fi
cat >&2 <<END

Results:  $out/runs/demo            the run: config, metrics, weights, log
          $out/runs/demo/eval/test  accuracy, confusion matrix, predictions
Next:     $mer predict your-song.mp3
          $mer --help
END
