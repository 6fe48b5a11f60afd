# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Makes the tables and the plots of the documents from recorded evidence.

Evidence is the record of each convergence test, committed beside its technique
in `evidence/`. `--collect` has Bazel make the records and copies them; without
it the committed ones are used; `--check` only says whether the documents and
plots are what the evidence makes of them. Numbers in prose come from here.
"""

import argparse
import json
import pathlib
import sys
from typing import Any, Sequence

from tfmot_contrib import errors
from tfmot_contrib.convergence import schema
from tools.base import figures
from tools.base import files
from tools.base import markdown
from tools.env import bootstrap
from tools.evidence import collect
from tools.evidence import plots
from tools.evidence import rows
from tools.evidence import tables
from tools.suite import draw

_SCHEMA = pathlib.Path(__file__).parent / 'weights_schema.json'
# Of the short table in the README of the project.
_MODELS = ('mobilenet_v2_cifar10', 'resnet_cifar10')
_NOTHING = 'There is no evidence of the recipes of today yet.'
_CAPTIONS = {
    'accuracy_against_size': (
        '![Accuracy against zipped size, by model]'
        '(../docs/accuracy_against_size.svg)\n\n'
        'The grey line is the Pareto front: no file is both smaller and more'
        ' accurate.'
    ),
    'weights_of_pcqat': (
        '![Weights through the stages of'
        ' PCQAT](../docs/weights_of_pcqat.svg)\n\nOne output channel of two'
        ' layers on its way from the float baseline to the model that is'
        ' pruned, clustered and quantized. Weights are divided by the largest'
        ' of the channel, since the converter scales each channel differently.'
    ),
}


def documents(root: pathlib.Path) -> dict[pathlib.Path, str]:
  """Returns what the evidence makes of each document and plot.

  Args:
    root: The folder of the project.

  Returns:
    By path, the whole text.

  Raises:
    errors.InputError: Evidence, a document or its markers are missing.
  """
  contrib = root / 'tfmot_contrib'
  evidence = rows.load(root)
  made = {contrib / t.name / 'README.md': tables.results(t) for t in evidence}
  # A new technique changes no other document until there is evidence of it.
  evidence = [t for t in evidence if any(r.run or r.refused for r in t.rows)]
  drawn = {}
  known = any(technique.judged for technique in evidence)
  if known:
    drawn['accuracy_against_size'] = plots.accuracy_against_size(evidence)
  if (path := contrib / rows.WEIGHTS).is_file():
    drawn['weights_of_pcqat'] = plots.weights_of_stages(weights(path))
  made[contrib / 'README.md'] = '\n\n'.join(
      [tables.matrix(evidence), *(_CAPTIONS[name] for name in drawn)]
  )
  made[root / 'README.md'] = (
      tables.summary(evidence, _MODELS) if known else _NOTHING
  )
  result = {
      path: markdown.with_region(
          files.read(path), 'evidence', text, str(path.relative_to(root))
      )
      for path, text in made.items()
  }
  for name, figure in drawn.items():
    result[root / 'docs' / f'{name}.svg'] = figures.svg(figure)
  return result


def weights(path: pathlib.Path) -> Any:
  """Reads the histograms of the stages of PCQAT.

  Args:
    path: The file that `collect` makes.

  Returns:
    What `weights.measure` has measured.

  Raises:
    errors.InputError: It was edited by hand, or is something else.
  """
  rows.check_sum(path)
  try:
    measured = json.loads(files.read(path))
    breach = schema.breach(measured, _SCHEMA)
  except json.JSONDecodeError as error:
    breach = f'no JSON: {error}'
  if breach:
    raise errors.InputError(f'{path}: {breach}; {rows.COLLECT}')
  return measured


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> None:
  """Makes or checks the documents.

  Args:
    argv: The command line without the program.
    root: The folder of the project.
  """
  parser = argparse.ArgumentParser(prog='evidence', description=__doc__)
  parser.add_argument(
      '--collect',
      action='store_true',
      help='make the records that are missing and take all',
  )
  parser.add_argument(
      '--only',
      action='extend',
      nargs='+',
      default=[],
      metavar='TEST',
      help='with --collect: these tests, such as resnet_cifar10_qat8',
  )
  parser.add_argument(
      '--check',
      action='store_true',
      help='write nothing; fail if a document or a plot is out of date',
  )
  flags = parser.parse_args(argv)
  if flags.collect and flags.check:
    raise errors.InputError(
        '--check writes nothing and --collect does: leave one out'
    )
  if flags.only and not flags.collect:
    raise errors.InputError('--only goes with --collect: give both')
  if flags.collect:
    collect.collect(draw.Bazel(bootstrap.bazel(), root), flags.only)
  changed = {
      str(path.relative_to(root)): text
      for path, text in documents(root).items()
      if not path.is_file() or files.read(path) != text
  }
  if flags.check and changed:
    raise errors.InputError(
        f'{next(iter(changed))} differs from the evidence: run'
        ' tools/nox -s evidence'
    )
  files.write_all(root, changed)
  for name in changed:
    print(f'evidence: wrote {name}')


if __name__ == '__main__':
  main(sys.argv[1:])
