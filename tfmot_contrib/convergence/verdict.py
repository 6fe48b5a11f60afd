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

"""The verdict: judges run records against the claims, in seconds.

It is the program of the tests that `convergence_test` makes. It prints a table
of claim, documented, measured, bound and verdict, and fails if a claim does not
hold. Nothing is trained here, so a bound can be changed without training.

It leaves a JUnit file with a case for each claim where `$XML_OUTPUT_FILE` says,
and in `$TEST_UNDECLARED_OUTPUTS_DIR` the same as `verdict.json`, with the
exported models.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import shutil
import sys
from typing import Any, Mapping, Sequence
from xml.etree import ElementTree

from tfmot_contrib import errors
from tfmot_contrib.convergence import claims
from tfmot_contrib.convergence import explain
from tfmot_contrib.convergence import judge
from tfmot_contrib.convergence import likeness
from tfmot_contrib.convergence import pairing
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import reference

_CPU = 'cpu'
_HEADER = ('claim', 'documented', 'measured', 'bound', 'verdict')


def table(verdicts: Sequence[judge.Verdict]) -> str:
  """Returns the verdicts as a table of text."""
  rows = [_HEADER] + [
      (v.claim.id, v.claim.documented, f'{v.measured:.4g}', v.bound, v.word)
      for v in verdicts
  ]
  widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADER))]
  return '\n'.join(
      '  '.join(
          cell.ljust(width) for cell, width in zip(row, widths, strict=True)
      ).rstrip()
      for row in rows
  )


def as_dict(verdict: judge.Verdict) -> dict[str, Any]:
  """Returns a verdict for machines."""
  return {
      'claim': verdict.claim.id,
      'kind': ', '.join(verdict.kinds),
      'documented': verdict.claim.documented,
      'measured': verdict.measured,
      'bound': verdict.bound,
      'verdict': verdict.word,
      'good': verdict.good,
      'path': list(verdict.decision.path) if verdict.decision else [],
      'differences': [list(d) for d in verdict.differences],
  }


def _junit(
    name: str, verdicts: Sequence[judge.Verdict], explained: Mapping[str, str]
) -> str:
  """Returns a JUnit file with a case for each claim."""
  failures = str(len(explained))
  suite = ElementTree.Element(
      'testsuite', name=name, tests=str(len(verdicts)), failures=failures
  )
  for verdict in verdicts:
    case = ElementTree.SubElement(
        suite, 'testcase', name=verdict.claim.id, classname=name, time='0'
    )
    properties = ElementTree.SubElement(case, 'properties')
    for key, value in as_dict(verdict).items():
      if isinstance(value, (str, float, int)):
        ElementTree.SubElement(
            properties, 'property', name=key, value=str(value)
        )
    if verdict.claim.id in explained:
      failure = ElementTree.SubElement(case, 'failure', message=verdict.word)
      failure.text = explained[verdict.claim.id]
  return ElementTree.tostring(suite, encoding='unicode')


def _leave(
    name: str,
    verdicts: Sequence[judge.Verdict],
    explained: Mapping[str, str],
    models: Sequence[pathlib.Path],
) -> None:
  """Writes what the test leaves, where Bazel has asked for it."""
  if path := os.environ.get('XML_OUTPUT_FILE'):
    pathlib.Path(path).write_text(
        _junit(name, verdicts, explained), encoding='utf-8'
    )
  if path := os.environ.get('TEST_UNDECLARED_OUTPUTS_DIR'):
    folder = pathlib.Path(path)
    text = json.dumps([as_dict(verdict) for verdict in verdicts], indent=1)
    (folder / 'verdict.json').write_text(text + '\n', encoding='utf-8')
    for model in models:
      shutil.copyfile(model, folder / model.name)


def references(
    technique: pathlib.Path, name: str, run: record.Record
) -> tuple[reference.Reference | None, list[reference.Reference]]:
  """Reads the references that a run is judged by.

  Args:
    technique: The technique.yaml of the folder that they are in.
    name: Of the test.
    run: Its run.

  Returns:
    That of the test for the run's processor, or else for another one, or None;
    and those of the technique's other tests on the same model and processor.
    Where TensorFlow or what else decides numbers is another one, what of the
    first holds there too, and none of the others.

  Raises:
    errors.InputError: One is wrong.
  """
  path = reference.path_of(technique.parent, name, run)
  if not path.exists():
    others = sorted(path.parent.parent.glob(f'{run.tier}_*/{path.name}'))
    if not others:
      return None, []
    path = others[0]
  own, family = beside(path)
  if own.stack != run.stack:
    return likeness.of_any_stack(own), []
  return own, family


def beside(
    path: pathlib.Path,
) -> tuple[reference.Reference, list[reference.Reference]]:
  """Reads a reference, and those that share its deviation.

  Args:
    path: The reference.

  Returns:
    It, and those of the technique's other tests on the same model and kind of
    processor.

  Raises:
    errors.InputError: One is wrong.
  """
  others = [
      other
      for other in sorted(path.parent.glob('*.json'))
      if other != path and _model(other.stem) == _model(path.stem)
  ]
  return reference.read(path), [reference.read(other) for other in others]


def referenced(
    technique: pathlib.Path, name: str, shown: pairing.Shown
) -> pairing.Shown:
  """Returns the runs of a test with the references that they are judged by.

  Args:
    technique: The technique.yaml of the folder.
    name: Of the test, without its tier.
    shown: Its runs.

  Returns:
    They belong together. At full size a drop is compared with that of a float
    control, so without one there is no reference.

  Raises:
    errors.InputError: A reference is wrong, or they do not belong together.
  """
  pairing.check(shown)
  first = shown.runs[0]
  if first.tier == _CPU and first.training['steps'] and not shown.controls:
    return shown
  own, family = references(technique, name, first)
  shown = dataclasses.replace(shown, reference=own, family=family)
  pairing.check(shown)
  return shown


def judged(
    technique: pathlib.Path, name: str, shown: pairing.Shown
) -> tuple[pairing.Shown, list[judge.Verdict]]:
  """Judges the runs of a test by its claims and references.

  Args:
    technique: The technique.yaml of the folder.
    name: Of the test, without its tier.
    shown: Its runs.

  Returns:
    What it was judged by, and the verdicts.

  Raises:
    errors.InputError: Claims or references are wrong, or something does not
      belong together.
  """
  declared = claims.claims_of(str(technique), name, shown.runs[0].tier)
  shown = referenced(technique, name, shown)
  return shown, judge.judge(declared, shown)


def _shown(flags: argparse.Namespace) -> pairing.Shown:
  """Reads the records that a test is judged by.

  Args:
    flags: Of `main`.

  Returns:
    The records.

  Raises:
    errors.InputError: A file is wrong.
  """
  runs = [record.read(path) for path in flags.record]
  for path, run in zip(flags.record, runs, strict=True):
    if run.tier != flags.tier:
      raise errors.InputError(f'{path} is of tier {run.tier}, not {flags.tier}')
  return pairing.Shown(
      runs=runs,
      baseline=record.read(flags.baseline) if flags.baseline else None,
      controls=[record.read(path) for path in flags.control],
  )


def _model(test: str) -> str:
  """Returns the model of a test: what stands before the data set."""
  return test.partition('_cifar10')[0]


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> int:
  """Judges the runs of the flags.

  Args:
    argv: The command line without the program.

  Returns:
    0 if every claim holds and every known failure is one, else 1; 2 if what
    they are judged by is invalid.
  """
  parser = argparse.ArgumentParser(prog='verdict', description=__doc__)
  parser.add_argument('--technique', required=True, help='technique.yaml')
  parser.add_argument('--name', required=True, help='of the convergence test')
  parser.add_argument('--tier', required=True, choices=record.TIERS)
  parser.add_argument(
      '--record', required=True, action='append', help='of a run, once a seed'
  )
  parser.add_argument('--baseline', help='record of the float run behind it')
  parser.add_argument(
      '--control',
      action='append',
      default=[],
      help='record of the float run that was trained as much, once a seed',
  )
  parser.add_argument('--run', type=pathlib.Path, help='the folder of the run')
  parser.add_argument(
      '--settings',
      type=pathlib.Path,
      help='a file with the settings of the environment that are not default',
  )
  flags = parser.parse_args(argv)
  declared = claims.claims_of(flags.technique, flags.name, flags.tier)
  models = sorted(flags.run.glob('*.tflite')) if flags.run else []
  try:
    found, verdicts = judged(
        pathlib.Path(flags.technique), flags.name, _shown(flags)
    )
  except errors.InputError as error:
    why = errors.one_line(error)
    verdicts = [judge.invalid(claim, why) for claim in declared]
    told = {claim.id: f'{judge.INVALID}: {why}' for claim in declared}
    _leave(flags.name, verdicts, told, models)
    raise
  for run in found.runs:
    print(
        f'{flags.name}, tier {run.tier}, seed {run.seed}:'
        f' {run.training["steps"]} steps in {run.training["seconds"]:.0f} s'
    )
  if found.caveat:
    print(found.caveat)
  print(f'\n{table(verdicts)}')
  target = os.environ.get('TEST_TARGET', flags.name)
  again = explain.Again(target, explain.settings_of(flags.settings))
  explained = {
      verdict.claim.id: explain.explain(
          verdict, flags.technique, again, found.runs
      )
      for verdict in verdicts
      if not verdict.good
  }
  for text in explained.values():
    print(f'\n{text}')
  _leave(flags.name, verdicts, explained, models)
  return 1 if explained else 0


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
