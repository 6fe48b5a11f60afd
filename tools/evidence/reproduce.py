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

"""Runs a technique anew and says which of its claims that reproduces.

    tools/nox -s reproduce -- pruning --party @tfmot/reviewers

It is what TFMOT does before it approves. Every run is trained on this machine:
each party has an output folder of Bazel and no cache, neither that of the disk
nor a remote one; a float baseline is trained once for all techniques. It can be
killed; the same command goes on. `--reuse` takes what this clone and its caches
have made, and the report says so.

It leaves report.md for the pull request, report.html with plots, report.json,
and with --party (which goes with fresh runs of tier cpu only), for each test
whose claims were all reproduced, the signed evidence of the second party in the
technique's folder, to be committed. The exit code is 0 if all claims were
reproduced, 1 if not, 3 if it is inconclusive.
"""

import argparse
import datetime
import pathlib
import re
import shlex
import sys
from typing import Sequence

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import verdict
from tools.base import files
from tools.env import bootstrap
from tools.env import environment
from tools.evidence import reproduction
from tools.evidence import rows
from tools.evidence import signatures
from tools.suite import draw
from tools.suite import project

_EXIT = {
    reproduction.REPRODUCED: 0,
    reproduction.NOT_REPRODUCED: 1,
    reproduction.INCONCLUSIVE: 3,
}
_FRESH = 'every run made on this machine by this party'
_REUSED = 'with runs that the caches of this clone had'
# What a run without training shows is the same whatever the seed.
_TRAINED_SEEDS = 3
_MOST_SEEDS = draw.MOST_SEEDS['cpu']


def parser() -> argparse.ArgumentParser:
  """Makes the parser of the command."""
  result = argparse.ArgumentParser(prog='reproduce', description=__doc__)
  result.add_argument('name', metavar='NAME', help='a folder of tfmot_contrib')
  result.add_argument('--test', action='append', help='only these tests')
  result.add_argument(
      '--seeds',
      type=int,
      help=(
          f'how many, at most {_MOST_SEEDS}; default:'
          f' {_TRAINED_SEEDS}, and 1 where nothing is trained'
      ),
  )
  result.add_argument('--tier', choices=list(draw.SUFFIXES), default='cpu')
  result.add_argument('--party', help='who signs; without it nothing is signed')
  result.add_argument(
      '--output', type=surroundings.path, help='folder; default: report/NAME'
  )
  result.add_argument(
      '--reuse', action='store_true', help='take runs from the caches'
  )
  return result


def wanted(root: pathlib.Path, flags: argparse.Namespace) -> list[str]:
  """Returns the tests to run, or refuses the flags.

  Args:
    root: The folder of the project.
    flags: Of the command line.

  Returns:
    Their names.

  Raises:
    errors.InputError: A flag is wrong.
  """
  folders = {*project.folders(root)} - {project.BASELINES}
  if flags.name not in folders:
    raise errors.InputError(
        f'there is no technique {flags.name}: NAME is one of'
        f' {", ".join(sorted(folders))}'
    )
  tests = project.rows(root, flags.name)
  for test in flags.test or []:
    if test not in tests:
      raise errors.InputError(
          f'--test {test} is none of {flags.name}: {", ".join(tests)}'
      )
  if flags.seeds is not None and not 1 <= flags.seeds <= _MOST_SEEDS:
    raise errors.InputError(f'--seeds {flags.seeds}: 1 to {_MOST_SEEDS}')
  if flags.party is not None:
    if flags.reuse or flags.tier != 'cpu':
      raise errors.InputError(
          'a second party signs what its own machine has made on tier cpu:'
          ' leave out --party, or --reuse and --tier'
      )
    if not flags.party.strip():
      raise errors.InputError('--party is empty: say who answers for this')
    for known in signatures.collect(root):
      if (
          known['technique'] == flags.name
          and known['role'] == signatures.CONTRIBUTOR
          and signatures.same_party(known['party'], flags.party)
      ):
        raise errors.InputError(
            f'{flags.party} is the contributor of {known["test"]}: a second'
            ' party has to be another'
        )
  return flags.test or tests


def bazel(root: pathlib.Path, party: str | None, reuse: bool) -> draw.Bazel:
  """Returns how Bazel is called: by default with what the party has made."""
  program = bootstrap.bazel()
  if reuse:
    return draw.Bazel(program, root)
  folder = re.sub(r'\W+', '_', (party or '').strip().lower()) or 'nobody'
  base = bootstrap.cache_dir() / 'reproduce' / folder
  return draw.Bazel(
      program,
      root,
      startup=(f'--output_base={base}', '--max_idle_secs=60'),
      options=('--disk_cache=', '--remote_cache='),
  )


def run_test(
    called: draw.Bazel, flags: argparse.Namespace, name: str
) -> reproduction.Test:
  """Runs one test and compares it with its claims, and signs if it is asked to.

  Args:
    called: How Bazel is.
    flags: Of the command line.
    name: Of the test.

  Returns:
    What became of its claims; under `signed` the file, if there is one.

  Raises:
    errors.InputError: A run failed, or what it made is wrong.
  """
  root = called.root
  label = draw.label_of(flags.name, name, flags.tier)
  test = draw.find(called, label)
  shown = draw.draw(called, test, [1])
  trains = shown.runs[0].training['steps'] > 0
  count = flags.seeds or (_TRAINED_SEEDS if trains else 1)
  if count > 1:
    shown = draw.draw(called, test, range(1, count + 1))
  technique = project.technique_yaml(root, flags.name)
  shown, verdicts = verdict.judged(technique, name, shown)
  known = rows.load(root) if flags.tier == 'cpu' else []  # Evidence is of that.
  before = next(
      (
          row
          for known_technique in known
          for row in known_technique.judged
          if (known_technique.name, row.test) == (flags.name, name)
      ),
      None,
  )
  made = reproduction.compare(name, label, shown, verdicts, before)
  if flags.party and made.told['word'] == reproduction.REPRODUCED:
    records = [test.records(run.seed)[0] for run in shown.runs]
    signed = signatures.sign(
        root,
        technique=flags.name,
        test=name,
        party=flags.party,
        role=signatures.SECOND_PARTY,
        records=[draw.made(root, record) for record in records],
        verdicts=[verdict.as_dict(v) for v in verdicts],
        **_used(made),
    )
    path = signatures.write(root, signed)
    made.told['signed'] = str(path.relative_to(root))
  return made


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> int:
  """Runs the technique of the command line anew.

  Args:
    argv: The command line without the program.
    root: The folder of the project.

  Returns:
    0 if all was reproduced, 1 if something was not, 3 if it is inconclusive.
  """
  flags = parser().parse_args(argv)
  names = wanted(root, flags)
  output = flags.output or root / 'report' / flags.name
  files.refuse_unwritable(output)
  called = bazel(root, flags.party, flags.reuse)
  tests, missing = [], {}
  for name in names:
    try:
      tests.append(run_test(called, flags, name))
    except errors.InputError as error:
      missing[name] = errors.one_line(error)
      print(f'{name}: {missing[name]}', file=sys.stderr)
    else:
      print(f'{name}: {tests[-1].told["word"]}', flush=True)
  words = [test.told['word'] for test in tests]
  if missing:
    words.append(reproduction.INCONCLUSIVE)
  signed = [t.told['signed'] for t in tests if 'signed' in t.told]
  about = {
      'technique': flags.name,
      'word': reproduction.worst(words),
      'party': flags.party or '',
      'when': (
          datetime.datetime.now(datetime.UTC).strftime('%Y-%m-%d %H:%M UTC')
      ),
      **_used(tests[0] if tests else None),
      'runs': _REUSED if flags.reuse else _FRESH,
      'command': f'tools/nox -s reproduce -- {shlex.join(argv)}',
      'missing': missing,
      'signed': signed,
  }
  written = reproduction.write(output, about, tests)
  for path in [*written, *(root / name for name in signed)]:
    print(f'reproduce: wrote {path}')
  print(f'{flags.name}: {about["word"]}')
  return _EXIT[about['word']]


def _used(made: reproduction.Test | None) -> dict[str, str]:
  """Returns the versions that runs say they were made with."""
  versions = made.told['versions'] if made else {}
  asked = environment.settings()
  return {
      name: next((versions[p] for p in packages if p in versions), asked[name])
      for name, packages in {
          'tfmot': (
              'tensorflow-model-optimization',
              'tf-model-optimization-nightly',
          ),
          'tensorflow': record.STACK['tensorflow'],
      }.items()
  }


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
