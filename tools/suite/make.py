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

"""Makes and refreshes references: tools/nox -s reference -- TEST --why REASON.

A reference (`tfmot_contrib/convergence/reference.py`) is what a convergence
test is judged by, so it is made with care: every seed is trained and measured,
what the drops allow to claim is printed, and a refresh takes a written reason,
which stays in the file with the old numbers and the new. It holds for the kind
of processor that it was made on.
"""

import argparse
import datetime
import pathlib
import sys
from typing import Any, Sequence

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tfmot_contrib.convergence import claims
from tfmot_contrib.convergence import judge
from tfmot_contrib.convergence import likeness
from tfmot_contrib.convergence import pairing
from tfmot_contrib.convergence import reference
from tfmot_contrib.convergence import verdict
from tools.base import figures
from tools.base import files
from tools.base import git
from tools.env import bootstrap
from tools.suite import draw
from tools.suite import project

_PLOT = 'report/references.svg'
# With less a test knows too little of its own noise.
_SEEDS = {'cpu': 8, 'smoke': 3}
_FIRST = 'It is the first one.'


def make(
    name: str,
    shown: pairing.Shown,
    declared: Sequence[claims.Claim],
    entry: dict[str, Any],
    old: reference.Reference | None,
) -> reference.Reference:
  """Makes a reference of what was drawn.

  Args:
    name: Of the convergence test.
    shown: Its records, one for each seed.
    declared: Its claims.
    entry: `date`, `who` and `why` for the history.
    old: The reference until now, if there is one.

  Returns:
    The new one.
  """
  drops = [claim for claim in declared if claim.relation == 'drop']
  controls = shown.controls or [shown.baseline] * len(shown.runs)
  sizes, varying = likeness.sizes(shown.runs), likeness.varying(shown.runs)
  seeds = [
      reference.Seed(
          seed=run.seed,
          drops={
              claim.id: claim.measure(run, shown.baseline, control)
              for claim in drops
          },
          weights=run.weights,
          control=control.weights,
          batch=run.batches['train'],
          near=likeness.near(run)
          | {path: likeness.sizes([run])[path] for path in varying},
      )
      for run, control in zip(shown.runs, controls, strict=True)
  ]
  first = shown.runs[0]
  means = {
      claim.id: sum(seed.drops[claim.id] for seed in seeds) / len(seeds)
      for claim in drops
  }
  entry = {
      **entry,
      'versions': first.versions,
      'seeds': [seed.seed for seed in seeds],
      'drops': means,
  }
  return reference.Reference(
      test=name,
      tier=first.tier,
      instruction_set=first.instruction_set,
      recipe=reference.recipe_of(first),
      data=first.data,
      stack=first.stack,
      seeds=seeds,
      exact=likeness.exact(shown.runs),
      sizes={k: v for k, v in sizes.items() if k not in varying},
      history=[*(old.history if old else ()), entry],
      drops_of={claim.id: claim.difference for claim in drops},
  )


def admission(
    made: reference.Reference,
    family: Sequence[reference.Reference],
    declared: Sequence[claims.Claim],
) -> list[str]:
  """Returns a line for each drop: what the seeds allow to claim.

  Args:
    made: The reference.
    family: Those of the technique's other tests on the same model.
    declared: The claims of the test.

  Returns:
    The mean, the deviation, and whether the bound of the claim is admitted.
  """
  lines = []
  for claim in declared:
    if claim.relation != 'drop':
      continue
    noise = made.noise(claim.id, family)
    least = noise.admits(judge.PLAN)
    fits = 'is admitted' if least <= claim.at_most else 'is NOT admitted'
    lines.append(
        f'{made.test} {claim.id}: {noise.mean:.2f} +- {noise.deviation:.2f} of'
        f' {noise.seeds} seeds; finds a growth of'
        f' {noise.finds(judge.PLAN):.2f}; its bound'
        f' {claim.at_most:g} {fits} (least {least:.2f})'
    )
  return lines


def plot(
    pairs: Sequence[tuple[reference.Reference | None, reference.Reference]],
) -> Any:
  """Draws the drops of accuracy of references before and after a refresh.

  Args:
    pairs: For each test the old reference, or None, and the new one.

  Returns:
    The figure: a dot for each seed, hollow for the old ones.
  """
  figure, axes = figures.new((6.5, 0.8 + 0.45 * len(pairs)), nrows=1, ncols=1)
  axis = axes[0][0]
  for place, pair in enumerate(pairs):
    for kind, offset in zip(pair, (0.15, -0.15), strict=True):
      if kind is None:
        continue
      values = [v for seed in kind.seeds for v in seed.drops.values()]
      hollow = {'facecolors': 'none'} if offset > 0 else {}
      axis.scatter(
          values,
          [place + offset] * len(values),
          s=18,
          edgecolors='#1f77b4',
          **hollow,
      )
  axis.set_yticks(range(len(pairs)), [pair[1].test for pair in pairs])
  axis.set_xlabel('drop of top-1 against the float control, points')
  return figure


def _tests(root: pathlib.Path, asked: Sequence[str], tier: str) -> list[str]:
  """Returns the labels of the tests that are asked for by a name, or all."""
  found, known = [], set()
  for folder in project.folders(root):
    if folder == project.BASELINES:
      continue
    smoke = project.declared(root, folder) if tier == 'smoke' else {}
    for test in project.rows(root, folder):
      known |= {test, folder}
      has_it = smoke.get(test, {}).get('smoke', True)
      if test in asked and not has_it:
        raise errors.InputError(f'{test} has no smoke test: leave it out')
      if has_it and (not asked or test in asked or folder in asked):
        found.append(draw.label_of(folder, test, tier))
  if missing := [name for name in asked if name not in known]:
    raise errors.InputError(
        f'no convergence test or technique is called {missing[0]}'
    )
  return found


def _path(bazel: draw.Bazel, test: draw.Test) -> pathlib.Path:
  """Returns where the reference of a test on this kind of processor is."""
  kind = f'{test.tier}_{draw.processor(bazel, test)}'
  folder = bazel.root / 'tfmot_contrib' / test.folder
  return folder / 'references' / kind / f'{test.row}.json'


def refresh(
    bazel: draw.Bazel,
    test: draw.Test,
    seeds: Sequence[int],
    *,
    who: str,
    why: str,
) -> tuple[reference.Reference | None, reference.Reference]:
  """Makes the reference of a test and writes it.

  Args:
    bazel: How to make the records.
    test: The convergence test.
    seeds: Which to draw.
    who: Makes it.
    why: The reason; needed where there is one already.

  Returns:
    The old one, if there was one, and the new one.

  Raises:
    errors.InputError: A run failed, or there is no reason.
  """
  technique = test.technique(bazel.root)
  declared = claims.claims_of(str(technique), test.row, test.tier)
  path = _path(bazel, test)
  old = reference.read(path) if path.exists() else None
  if old and not why:
    raise errors.InputError(
        f'{path.relative_to(bazel.root)} exists: say with --why what has'
        ' changed'
    )
  draw.say(f'{test.name}: drawing {len(seeds)} seeds')
  shown = draw.draw(bazel, test, seeds)
  entry = {
      'date': datetime.date.today().isoformat(),
      'who': who,
      'why': why or _FIRST,
  }
  made = make(test.row, shown, declared, entry, old)
  reference.write(made, path)
  _, family = verdict.references(technique, test.row, shown.runs[0])
  for line in admission(made, family, declared):
    print(line)
  return old, made


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> None:
  """Makes the references of the flags.

  Args:
    argv: The command line without the program.
    root: The folder of the project.

  Raises:
    errors.InputError: A flag is wrong, or a run failed.
  """
  parser = argparse.ArgumentParser(prog='reference', description=__doc__)
  parser.add_argument(
      'names', nargs='*', help='of tests or techniques; all by default'
  )
  parser.add_argument(
      '--seeds',
      type=int,
      help=f'how many; {_SEEDS["cpu"]}, of the smoke tier {_SEEDS["smoke"]}',
  )
  parser.add_argument('--tier', choices=list(draw.SUFFIXES), default='cpu')
  parser.add_argument(
      '--first_seed',
      type=int,
      default=1,
      help='another one than before draws other seeds',
  )
  parser.add_argument('--why', default='', help='the reason for a refresh')
  parser.add_argument('--who', help='who makes it; the user of git by default')
  parser.add_argument(
      '--missing',
      action='store_true',
      help='leave those alone that exist for this kind of processor',
  )
  parser.add_argument(
      '--plot',
      type=surroundings.path,
      default=root / _PLOT,
      help=f'for the drops of old references and new ones; {_PLOT} by default',
  )
  flags = parser.parse_args(argv)
  who = flags.who or git.identity(root)[0]
  if not who:
    raise errors.InputError('say with --who who makes the reference')
  if flags.why and len(flags.why) < 10:
    raise errors.InputError('--why is too short to be a reason')
  if flags.seeds is not None and flags.seeds < 2:
    raise errors.InputError('a reference needs 2 seeds or more: --seeds')
  if flags.plot.suffix != '.svg' or flags.plot.is_dir():
    raise errors.InputError(f'--plot {flags.plot} must be the name of an .svg')
  pairs = []
  labels = _tests(root, flags.names, flags.tier)
  bazel = draw.Bazel(bootstrap.bazel(), root)
  for label in labels:
    test = draw.find(bazel, label)
    if flags.missing and _path(bazel, test).exists():
      continue
    count = flags.seeds or _SEEDS[flags.tier]
    seeds = range(flags.first_seed, flags.first_seed + count)
    pairs.append(refresh(bazel, test, seeds, who=who, why=flags.why))
  if any(old for old, _ in pairs):
    text = figures.svg(plot(pairs))
    files.write(flags.plot, text)
    print(f'old drops (hollow) and new ones: {flags.plot}')


if __name__ == '__main__':
  main(sys.argv[1:])
