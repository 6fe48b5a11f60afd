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

"""What a new technique is called and who owns it: asked, or from flags."""

import argparse
import dataclasses
import keyword
import pathlib
import re
import sys
from typing import Callable

from tfmot_contrib import errors

MODELS = ('mobilenet_v2_cifar10', 'mobilenet_v3_cifar10', 'resnet_cifar10')
# The recipes of tfmot_contrib/baselines/recipes.py, and no training.
TRAININGS = ('none', 'short', 'gentle', 'epoch')
_OWNER = re.compile(r'@[\w-]+(/[\w.-]+)?')
_NAME = re.compile(r'[a-z][a-z0-9]*(_[a-z0-9]+)*')
_SYMBOL = re.compile(r'(tfmot|official|tf)(\.\w+)+')
# Bazel targets and seeds of a test end so.
_ENDINGS = re.compile(r'(^|_)(smoke|run|record|test|tests|control|seed\d*)$')
_TITLE = re.compile(r'[A-Z][\w ,()/+-]{8,54}[\w)]')
_LONGEST = 24


@dataclasses.dataclass(frozen=True)
class Answers:
  """All that a template needs.

  Attributes:
    name: Of the folder, the module and the experiments.
    title: Some words for people.
    owner: Who answers for it, as CODEOWNERS names people and teams.
    guide: Where it is documented.
    api: The symbols that it uses.
    row: The first row of its results.
    models: The float baselines that it is tried on.
    training: One of `TRAININGS`.
  """

  name: str
  title: str
  owner: str
  guide: str
  api: tuple[str, ...]
  row: str
  models: tuple[str, ...]
  training: str


def check_name(name: str, root: pathlib.Path) -> None:
  """Refuses a name that cannot be that of a new technique.

  Args:
    name: Of the technique.
    root: The folder of the project.

  Raises:
    errors.InputError: It is malformed, reserved or taken.
  """
  if not _NAME.fullmatch(name):
    raise errors.InputError(
        f'{name!r} is no name for a technique: lower case, digits and single'
        ' underscores, such as weight_sharing'
    )
  if len(name) > _LONGEST:
    raise errors.InputError(
        f'{name} has {len(name)} letters: at most {_LONGEST} keep lines short'
    )
  if keyword.iskeyword(name) or name in sys.stdlib_module_names:
    raise errors.InputError(
        f'{name} is a word or module of Python: take another name'
    )
  if found := _ENDINGS.search(name):
    raise errors.InputError(
        f'{name} ends in {found[2]}, as targets of Bazel do here: take another'
        ' name'
    )
  taken = {path.stem for path in (root / 'tfmot_contrib').iterdir()}
  registered = re.compile(rf"""['"]{name}['"]""")
  for path in sorted((root / 'tfmot_contrib').glob('*/experiments.py')):
    if registered.search(path.read_text(encoding='utf-8')):
      taken.add(name)
  if name in taken:
    raise errors.InputError(
        f'{name} exists in tfmot_contrib/: take another name, or see'
        f' tools/nox -s technique_status -- {name}'
    )


def _check(flag: str, value: str, pattern: re.Pattern[str], like: str) -> None:
  """Refuses a value that does not look like what it should be."""
  if not pattern.fullmatch(value):
    raise errors.InputError(f'--{flag} {value!r}: give one like {like}')


def parser() -> argparse.ArgumentParser:
  """Makes the parser of the command."""
  result = argparse.ArgumentParser(
      prog='new_technique',
      description='Writes the folder of a new technique and enters it.',
  )
  result.add_argument('name', metavar='NAME', help='such as weight_sharing')
  result.add_argument('--title', help='some words, such as "Weight sharing"')
  result.add_argument('--owner', help='@user or @organisation/team')
  result.add_argument('--guide', help='URL of its documentation or RFC')
  result.add_argument(
      '--api', action='append', metavar='SYMBOL', help='may be repeated'
  )
  result.add_argument('--row', default='int8', help='name of its first row')
  result.add_argument(
      '--model', action='append', choices=MODELS, help='may be repeated'
  )
  result.add_argument(
      '--training',
      choices=TRAININGS,
      default='none',
      help=(
          'the recipe of tfmot_contrib/baselines/recipes.py; none: it is'
          ' applied after training'
      ),
  )
  return result


def of(
    flags: argparse.Namespace,
    root: pathlib.Path,
    ask: Callable[[str], str] | None,
) -> Answers:
  """Returns the answers, asked for where a flag is missing.

  Args:
    flags: Of `parser`.
    root: The folder of the project.
    ask: Asks a person and returns what was typed; None if there is nobody.

  Returns:
    The answers, checked.

  Raises:
    errors.InputError: One is missing or malformed.
  """
  check_name(flags.name, root)
  values = {}
  for flag, question in (
      ('title', 'Title, some words for people'),
      ('owner', 'Owner, @user or @organisation/team'),
      ('guide', 'URL of the guide or the RFC'),
  ):
    value = getattr(flags, flag)
    if value is None:
      if ask is None:
        raise errors.InputError(f'--{flag} is missing, and nobody to ask')
      value = ask(f'{question}: ')
    values[flag] = value.strip()
  api = flags.api
  if api is None:
    typed = ask('TFMOT symbols in use, with spaces between: ') if ask else ''
    api = typed.split()
  if not api:
    raise errors.InputError(
        '--api is missing: name the symbols in use, such as'
        ' tfmot.sparsity.keras.prune_low_magnitude'
    )
  _check('title', values['title'], _TITLE, '"Weight sharing", 10 to 56 letters')
  _check('owner', values['owner'], _OWNER, '@user or @organisation/team')
  _check('guide', values['guide'], re.compile(r'https://\S+'), 'https://…')
  for symbol in api:
    _check('api', symbol, _SYMBOL, 'tfmot.sparsity.keras.strip_pruning')
  _check('row', flags.row, _NAME, 'sparsity50')
  if found := _ENDINGS.search(flags.row):
    raise errors.InputError(
        f'--row {flags.row} ends in {found[2]}: take another'
    )
  models = flags.model or ['mobilenet_v2_cifar10', 'resnet_cifar10']
  return Answers(
      name=flags.name,
      api=tuple(dict.fromkeys(api)),
      row=flags.row,
      models=tuple(sorted(set(models))),
      training=flags.training,
      **values,
  )


def asker(stdin: object) -> Callable[[str], str] | None:
  """Returns `input` if a person sits there, else None."""
  return input if getattr(stdin, 'isatty', lambda: False)() else None
