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

"""Makes the tables and the plot of the READMEs from recorded evidence.

Evidence is the run record of each convergence test, committed beside its
technique in `evidence/`. `--collect` has Bazel make the runs and copies their
records; without it the committed ones are used; `--check` only says whether the
documents are what the evidence makes of them. Numbers in prose come from here.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
from typing import Sequence

import matplotlib

from tfmot_contrib import errors
from tfmot_contrib.convergence import claims
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import verdict
from tools.versions import bootstrap

CONTRIB = bootstrap.ROOT / 'tfmot_contrib'
PLOT = bootstrap.ROOT / 'docs' / 'accuracy_against_size.svg'
_BEGIN, _END = '<!-- evidence:begin -->', '<!-- evidence:end -->'
_COLUMNS = (
    'run',
    'top-1, float model',
    'drop',
    'top-1, int8 model',
    'gzip bytes',
    'ratio',
    'sparsity',
    'training',
    'verdict',
)


def techniques() -> list[pathlib.Path]:
  """Returns the technique folders, the baselines first."""
  folders = [path.parent for path in CONTRIB.glob('*/technique.yaml')]
  return sorted(folders, key=lambda f: (f.name != 'baselines', f.name))


def evidence_of(folder: pathlib.Path) -> dict[str, pathlib.Path]:
  """Returns the record of each claimed run of a technique folder.

  Args:
    folder: The technique folder.

  Returns:
    The path of the record, by the name of the convergence test.

  Raises:
    errors.InputError: A record is missing.
  """
  found = {}
  for name in claims.read_technique(str(folder / 'technique.yaml'))['claims']:
    path = folder / 'evidence' / f'{name}.json'
    if not path.is_file():
      raise errors.InputError(
          f'no evidence for {name}: run tools/nox -s evidence -- --collect'
      )
    found[name] = path
  return found


def collect() -> None:
  """Has Bazel make every run and copies the records."""
  for folder in techniques():
    names = claims.read_technique(str(folder / 'technique.yaml'))['claims']
    labels = [f'//tfmot_contrib/{folder.name}:{name}_run' for name in names]
    done = subprocess.run(
        [bootstrap.bazel(), 'build', *labels], cwd=bootstrap.ROOT, check=False
    )
    if done.returncode:
      raise errors.InputError(f'a run of {folder.name} fails: see above')
    (folder / 'evidence').mkdir(exist_ok=True)
    for name in names:
      source = (
          bootstrap.ROOT
          / 'bazel-bin/tfmot_contrib'
          / folder.name
          / f'{name}_run'
          / 'record.json'
      )
      target = folder / 'evidence' / f'{name}.json'
      shutil.copyfile(source, target)
      print(f'evidence: {target.relative_to(bootstrap.ROOT)}')


def baseline_of(
    run: record.Record, baselines: dict[str, pathlib.Path]
) -> record.Record | None:
  """Returns the float run that a run started from.

  Args:
    run: The run.
    baselines: The records of the baselines by name.

  Returns:
    Its baseline, or None for a float run.

  Raises:
    errors.InputError: Its baseline is not in the evidence.
  """
  if not run.init:
    return None
  for path in baselines.values():
    if record.digest_of_file(path) == run.init:
      return record.read(path)
  raise errors.InputError(
      f'the evidence of {run.experiment} is of a baseline that is not there:'
      ' run tools/nox -s evidence -- --collect'
  )


def table(folder: pathlib.Path, baselines: dict[str, pathlib.Path]) -> str:
  """Returns a Markdown table of a technique's evidence.

  Args:
    folder: The technique folder.
    baselines: The records of the baselines by name.

  Returns:
    One row a run.
  """
  rows = [_COLUMNS, ('---',) * len(_COLUMNS)]
  for name, path in evidence_of(folder).items():
    run = record.read(path)
    baseline = baseline_of(run, baselines)
    model, int8 = run.exported['float'], run.exported['int8']
    drop = ratio = sparsity = '-'
    if baseline:
      before = baseline.exported['float']
      drop = f'{before["accuracy"] - model["accuracy"]:+.2f}'
      ratio = f'{model["gzip_bytes"] / before["gzip_bytes"]:.3f}'
    if 'sparsity_of_covered' in run.invariants:
      sparsity = f'{100 * run.invariants["sparsity_of_covered"]:.2f} %'
    judged = verdict.judge(
        claims.claims_of(str(folder / 'technique.yaml'), name, run.tier),
        run,
        baseline,
    )
    holding = sum(v.holds for v in judged)
    rows.append((
        f'`{name}`',
        f'{model["accuracy"]:.2f} %',
        drop,
        f'{int8["accuracy"]:.2f} %',
        f'{model["gzip_bytes"]:,}',
        ratio,
        sparsity,
        f'{run.training["seconds"]:.0f} s',
        f'{holding} of {len(judged)} claims hold',
    ))
  return '\n'.join(f'| {" | ".join(row)} |' for row in rows)


def plot(path: pathlib.Path) -> None:
  """Draws accuracy against zipped size, as an SVG that is equal each time.

  Args:
    path: The file to write.
  """
  matplotlib.use('svg')
  matplotlib.rcParams.update({
      'svg.hashsalt': 'tfmot_models',
      'svg.fonttype': 'none',
      'font.size': 9,
      'axes.spines.top': False,
      'axes.spines.right': False,
  })
  from matplotlib import pyplot  # pylint: disable=g-import-not-at-top

  figure, axes = pyplot.subplots(figsize=(7, 4))
  lines: dict[str, list[tuple[int, float, str]]] = {}
  for folder in techniques():
    for name, file in evidence_of(folder).items():
      run = record.read(file)
      model = name.split('_cifar10', maxsplit=1)[0]
      label = name.removeprefix(f'{model}_cifar10').strip('_') or 'float'
      for kind, exported in run.exported.items():
        lines.setdefault(f'{model}, {kind} TFLite', []).append(
            (exported['gzip_bytes'], exported['accuracy'], label)
        )
  for label, points in sorted(lines.items()):
    points.sort()
    sizes = [size / 1e6 for size, _, _ in points]
    axes.plot(sizes, [top1 for _, top1, _ in points], 'o-', label=label)
    for size, (_, top1, name) in zip(sizes, points, strict=True):
      axes.annotate(
          name,
          (size, top1),
          xytext=(4, -10),
          textcoords='offset points',
          fontsize=7,
      )
  axes.set_xscale('log')
  axes.set_xticks([0.25, 0.5, 1, 2], ['0.25', '0.5', '1', '2'])
  axes.set_xlabel('gzip size of the .tflite, MB')
  axes.set_ylabel('CIFAR-10 test top-1, %')
  axes.grid(alpha=0.3)
  axes.legend(frameon=False, fontsize=8)
  figure.tight_layout()
  figure.savefig(path, metadata={'Date': None})
  text = path.read_text(encoding='utf-8')
  path.write_text(
      '\n'.join(line.rstrip() for line in text.splitlines()) + '\n',
      encoding='utf-8',
  )


def with_table(text: str, generated: str, name: str) -> str:
  """Returns a document with what stands between its markers replaced.

  Args:
    text: The document.
    generated: What to put there.
    name: Of the document.

  Returns:
    The new document.

  Raises:
    errors.InputError: It has no markers.
  """
  if text.count(_BEGIN) != 1 or text.count(_END) != 1:
    raise errors.InputError(f'{name} has no lines {_BEGIN} and {_END}')
  before, rest = text.split(_BEGIN)
  after = rest.split(_END)[1]
  return f'{before}{_BEGIN}\n{generated}\n{_END}{after}'


def documents() -> dict[pathlib.Path, str]:
  """Returns each README with tables as the evidence makes them."""
  baselines = evidence_of(CONTRIB / 'baselines')
  tables = {folder: table(folder, baselines) for folder in techniques()}
  made = {folder / 'README.md': text for folder, text in tables.items()}
  made[bootstrap.ROOT / 'README.md'] = '\n\n'.join(tables.values())
  return {
      path: with_table(path.read_text(encoding='utf-8'), text, path.name)
      for path, text in made.items()
  }


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Makes or checks the documents."""
  parser = argparse.ArgumentParser(prog='evidence', description=__doc__)
  parser.add_argument(
      '--collect',
      action='store_true',
      help='make the runs that are missing and take the records',
  )
  parser.add_argument(
      '--check',
      action='store_true',
      help='write nothing; fail if a document is out of date',
  )
  flags = parser.parse_args(argv)
  if flags.collect:
    collect()
  for path, text in documents().items():
    if path.read_text(encoding='utf-8') == text:
      continue
    if flags.check:
      raise errors.InputError(
          f'{path.relative_to(bootstrap.ROOT)} differs from the evidence: run'
          ' tools/nox -s evidence'
      )
    path.write_text(text, encoding='utf-8')
    print(f'evidence: wrote {path.relative_to(bootstrap.ROOT)}')
  if not flags.check:
    plot(PLOT)
    print(f'evidence: wrote {PLOT.relative_to(bootstrap.ROOT)}')


if __name__ == '__main__':
  main(sys.argv[1:])
