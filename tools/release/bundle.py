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

"""The evidence bundle: what a release of TFMOT was seen to hold, sealed.

A bundle is a folder:

    bundle.json          every test and claim with what was measured, sealed
    bundle.md            the same for people
    tested_against.md    the words for TFMOT's release notes
    records/             the run records that it stands on

The JSON names each record with its digest, and for each seed the digest of all
that the run stood on. It ends with a digest of itself. `refuse.py` says whether
a release may stand on it.
"""

import collections
import json
import math
import os
import pathlib
import shutil
import tempfile
from typing import Any, Iterator, Mapping, Sequence

from tfmot_contrib import errors
from tfmot_contrib.convergence import pairing
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import schema
from tools.base import markdown as markdown_lib
from tools.evidence import signatures

SCHEMA_VERSION = 3
BUNDLE = 'bundle.json'
RECORDS = 'records'
_SCHEMA = pathlib.Path(__file__).parent / 'bundle_schema.json'
_HEADER = (
    'test',
    'seeds',
    'claim',
    'documented',
    'measured',
    'bound',
    'verdict',
)
_AGAIN = 'make it anew with tools/nox -s release_gate'


def finite(value: Any) -> Any:
  """Returns a JSON value with words for the numbers that JSON does not have."""
  if isinstance(value, float) and not math.isfinite(value):
    return str(value)
  if isinstance(value, dict):
    return {key: finite(one) for key, one in value.items()}
  if isinstance(value, (list, tuple)):
    return [finite(one) for one in value]
  return value


def keep_records(
    folder: pathlib.Path, technique: str, test: str, shown: pairing.Shown
) -> dict[str, str]:
  """Writes the records of a test into a bundle.

  Args:
    folder: The bundle.
    technique: The folder of the test.
    test: Its name.
    shown: What it was judged by.

  Returns:
    By path in the bundle, the digest.
  """
  base = f'{RECORDS}/{technique}/{test}'
  records = {f'{base}.seed{run.seed}.json': run for run in shown.runs}
  records |= {f'{base}.control{c.seed}.json': c for c in shown.controls}
  if shown.baseline:
    records[f'{base}.baseline.json'] = shown.baseline
  for name, run in records.items():
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    record.write(run, folder / name)
  return {name: record.digest_of_file(folder / name) for name in records}


def shown_of(folder: pathlib.Path, entry: Mapping[str, Any]) -> pairing.Shown:
  """Reads the records of a test of a bundle.

  Args:
    folder: The bundle.
    entry: Of the test.

  Returns:
    What it was judged by, without references.

  Raises:
    errors.InputError: A record is missing or broken.
  """
  base = f'{RECORDS}/{entry["technique"]}/{entry["test"]}'
  seeds = [seed['seed'] for seed in entry['seeds']]
  names = {
      kind: [f'{base}.{kind}{seed}.json' for seed in seeds]
      for kind in ('seed', 'control')
  }
  baseline = f'{base}.baseline.json'
  return pairing.Shown(
      runs=[record.read(folder / name) for name in names['seed']],
      baseline=(
          record.read(folder / baseline)
          if baseline in entry['records']
          else None
      ),
      controls=[
          record.read(folder / name)
          for name in names['control']
          if name in entry['records']
      ],
  )


def load(folder: pathlib.Path) -> dict[str, Any]:
  """Reads a bundle.

  Args:
    folder: The bundle.

  Returns:
    What is in its JSON.

  Raises:
    errors.InputError: It is missing, broken, of another schema, or was edited.
  """
  path = folder / BUNDLE
  try:
    found = json.loads(path.read_text(encoding='utf-8'))
  except OSError as error:
    raise errors.InputError(
        f'missing: there is no {path} ({error.strerror}); {_AGAIN}'
    ) from error
  except ValueError as error:
    raise errors.InputError(
        f'tampered: {path} is no JSON ({error}); {_AGAIN}'
    ) from error
  if isinstance(found, dict) and found.get('schema') != SCHEMA_VERSION:
    raise errors.InputError(
        f'stale: {path} is of schema {found.get("schema")!r}, not'
        f' {SCHEMA_VERSION}; {_AGAIN}'
    )
  what = schema.breach(found, _SCHEMA)
  if not what and _digest(found) != found['digest']:
    what = 'its digest is another'
  if what:
    raise errors.InputError(
        f'tampered: {path} was edited, {what}; restore it, or {_AGAIN}'
    )
  return found


def _digest(bundle: Mapping[str, Any]) -> str:
  """Returns the digest that a bundle should have of itself."""
  try:
    return signatures.seal(bundle)['digest']
  except ValueError:  # It holds a number that JSON does not have.
    return ''


def publish(
    scratch: pathlib.Path,
    bundle: Mapping[str, Any],
    folder: pathlib.Path,
    known: Sequence[str],
) -> None:
  """Seals a bundle and puts it in its place, whole or not at all.

  Args:
    scratch: A folder beside `folder`, with the records; it is moved.
    bundle: All but its digest.
    folder: Where to put it. An earlier bundle there is replaced.
    known: The techniques that there are.

  Raises:
    errors.InputError: There is something else, or the disk is full.
  """
  sealed = signatures.seal(bundle)
  try:
    for name, text in (
        (BUNDLE, json.dumps(sealed, indent=1, sort_keys=True) + '\n'),
        ('bundle.md', markdown(sealed)),
        ('tested_against.md', tested_against(sealed, known)),
    ):
      (scratch / name).write_text(text, encoding='utf-8')
    scratch.chmod(0o755)
    check_free(folder)
    aside = scratch.with_name(f'{scratch.name}-before')
    if folder.exists():
      os.replace(folder, aside)
    try:
      os.replace(scratch, folder)
    except OSError:
      if aside.exists():
        os.replace(aside, folder)
      raise
    shutil.rmtree(aside, ignore_errors=True)
  except OSError as error:
    raise errors.InputError(
        f'cannot write {folder}: {error.strerror}'
    ) from error


def check_free(folder: pathlib.Path) -> None:
  """Refuses a folder that holds something else than an earlier bundle."""
  if folder.is_symlink() or folder.exists() and not folder.is_dir():
    raise errors.InputError(f'{folder} is no folder: give another --output')
  if folder.is_dir() and any(folder.iterdir()):
    if not (folder / BUNDLE).is_file():
      raise errors.InputError(
          f'{folder} holds something that is no bundle: give another --output'
      )


def scratch_beside(folder: pathlib.Path) -> pathlib.Path:
  """Makes an empty folder beside where a bundle is to be."""
  try:
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = tempfile.mkdtemp(prefix=f'.{folder.name}-', dir=folder.parent)
  except OSError as error:
    raise errors.InputError(
        f'cannot write {folder}: {error.strerror}'
    ) from error
  return pathlib.Path(made)


def _name_of(tfmot: Mapping[str, str]) -> str:
  """Returns the name of what was tested, for people."""
  name = f'TFMOT {tfmot["version"]}'
  if tfmot['content']:
    name += f' (code {tfmot["content"]})'
  return name


def _verdict_words(bundle: Mapping[str, Any]) -> str:
  """Returns how many claims have which verdict."""
  words = collections.Counter(
      claim['verdict'] for test in bundle['tests'] for claim in test['claims']
  )
  return ', '.join(f'{n} {word}' for word, n in sorted(words.items())) or 'none'


def _number(value: float | str) -> str:
  """Returns a number for people."""
  return value if isinstance(value, str) else f'{value:.4g}'


def _lists(bundle: Mapping[str, Any]) -> Iterator[str]:
  """Yields what is not as it should be, and what is known, by name."""
  for title, lines in (
      ('Refused', bundle['refusals']),
      (
          'Known failures',
          [
              f'`{k["technique"]}:{k["test"]}` {k["claim"]}: {k["issue"]}'
              f' ({k["owner"]}, until {k["until"]})'
              for k in bundle['known_failures']
          ],
      ),
      ('Reproduced', bundle['reproduced']),
  ):
    yield f'\n## {title}\n'
    yield from [f'* {errors.one_line(line)}' for line in lines] or ['None.']


def markdown(bundle: Mapping[str, Any]) -> str:
  """Returns a bundle for people."""
  held = 'held' if not bundle['refusals'] else 'NOT held'
  seeds = sum(len(test['seeds']) for test in bundle['tests'])
  lines = [
      f'# {_name_of(bundle["tfmot"])}: {held}\n',
      (
          f'TensorFlow {bundle["tensorflow"]}, tier {bundle["tier"]},'
          f' techniques {", ".join(bundle["scope"])}, {len(bundle["tests"])}'
          f' tests, {seeds} runs, {bundle["when"]}. Verdicts:'
          f' {_verdict_words(bundle)}.'
      ),
      (
          f'\nMirror `{bundle["mirror"][:16]}`. Training in two parts equals'
          f' training in one: {bundle["resumed"]}.'
      ),
      *_lists(bundle),
      '\n## Claims\n',
  ]
  cells = [
      (
          f'`{test["technique"]}:{test["test"]}`',
          len(test['seeds']),
          claim['claim'],
          errors.one_line(claim['documented']),
          _number(claim['measured']),
          claim['bound'],
          claim['verdict'],
      )
      for test in bundle['tests']
      for claim in test['claims']
  ]
  return '\n'.join(lines) + '\n' + markdown_lib.table(_HEADER, cells)


def tested_against(bundle: Mapping[str, Any], known: Sequence[str]) -> str:
  """Returns the words for TFMOT's release notes, a line for each technique.

  Args:
    bundle: Of any tier; only a whole one that holds says that it was tested.
    known: The techniques that there are.

  Returns:
    Text in the form of TFMOT's RELEASE.md.
  """
  why = ''
  if bundle['refusals']:
    why = f'{len(bundle["refusals"])} refusals'
  elif bundle['tier'] != 'cpu':
    why = f'tier {bundle["tier"]} only'
  elif left_out := sorted(set(known) - set(bundle['scope'])):
    why = f'without {", ".join(left_out)}'
  if why:
    return (
        f'Not for release notes ({why}): {_name_of(bundle["tfmot"])} was not'
        ' shown to hold what is documented.\n'
    )
  lines = [f'{_name_of(bundle["tfmot"])}\n']
  for technique in bundle['scope']:
    tests = [t for t in bundle['tests'] if t['technique'] == technique]
    claims = sum(len(test['claims']) for test in tests)
    runs = sum(len(test['seeds']) for test in tests)
    lines.append(
        f'* {technique}: tested against TensorFlow {bundle["tensorflow"]} and'
        f' Official Models at `{bundle["mirror"][:12]}`: {claims} claims of'
        f' {len(tests)} convergence tests hold, in {runs} runs.'
    )
  for one in bundle['known_failures']:
    lines.append(
        f'* Known: {one["claim"]} of {one["test"]} does not hold'
        f' ({one["issue"]}).'
    )
  lines += [f'* {line}' for line in bundle['reproduced']]
  return '\n'.join(lines) + '\n'
