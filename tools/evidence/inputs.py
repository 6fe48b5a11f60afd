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

"""What the runs of a convergence test depend on in this tree, as one digest.

Evidence is fresh as long as the tree would make the same runs. What counts is
found by reading, without Bazel and without an import: how the BUILD file
declares the test, the tests that it starts from and the float control that it
is compared with, the modules of `tfmot_contrib` that train, export and measure,
their configs, TFMOT, and the versions of TensorFlow, tf-keras and NumPy. Python
is read as a syntax tree and YAML as values, so that comments, docstrings and
layout do not count. Claims and references do not either: judging is done anew.
The seed is no part of it, nor is the mirror, whose digest evidence names
beside.
"""

import ast
import hashlib
import json
import pathlib
import re
import tomllib
from typing import Any, Iterator, Mapping

import yaml

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tools.base import files
from tools.base import imports
from tools.mirror import fork
from tools.suite import project

_PACKAGE = project.PACKAGE
_KINDS = ('convergence_test', 'control')
# What trains and measures a run, whatever its technique.
_SHARED = ('run', 'measure')
# What decides no number: messages, the log, and when a run may train.
_ASIDE = (
    'tfmot_contrib/convergence/quiet.py',
    'tfmot_contrib/convergence/turns.py',
    'tfmot_contrib/errors.py',
)
# Of the lock of TensorFlow's layer, what training computes with.
_COMPUTES = frozenset(name for names in record.STACK.values() for name in names)
_PINNED = re.compile(r'^([\w.-]+)==([^\s;\\]+)', re.MULTILINE)
# Of a test's declaration: what of it shapes the run.
_SHAPE = (
    'experiment',
    'module',
    'config',
    'cpus',
    'baseline',
    'init',
    'control',
)
# And what of that is another target.
_LABELS = ('baseline', 'init', 'control')
_SMOKE_CONFIG = 'configs/smoke.yaml'


def canonical(value: Any) -> bytes:
  """Returns the one JSON text of a value, to take a digest of."""
  text = json.dumps(
      value, sort_keys=True, separators=(',', ':'), allow_nan=False
  )
  return text.encode()


def digest_of(value: Any) -> str:
  """Returns the sha256 of the canonical JSON of a value."""
  return hashlib.sha256(canonical(value)).hexdigest()


def mirror(root: pathlib.Path) -> str:
  """Returns the digest of the mirror: of all of upstream's files, patched.

  Args:
    root: The folder of the project.

  Returns:
    What the lock of the mirror says.

  Raises:
    errors.InputError: The lock is not there or is broken, or somebody edits the
      mirror: what runs on other files is no evidence for it.
  """
  path = root / 'official/upstream.lock'
  space = root / fork.REPOSITORY
  if space.exists() and (told := fork.edits(fork.load(root))):
    raise errors.InputError(
        f'{space} is not the mirror ({told.splitlines()[0]}), and would be'
        f' taken for it: save the edits with {fork.SYNC} patches new, or move'
        ' them away'
    )
  try:
    return tomllib.loads(files.read(path))['digests']['patched']
  except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
    raise errors.InputError(
        f'{path} has no digest of the mirror ({error}): restore it with git'
    ) from error


def _label(label: str, folder: str) -> tuple[str, str]:
  """Returns the folder and the name that a label of a test means."""
  package, _, name = label.rpartition(':')
  return (package.rpartition('/')[2] or folder), name


def _chain(
    root: pathlib.Path, folder: str, test: str
) -> Iterator[tuple[str, str, dict[str, Any]]]:
  """Yields a test and all that it starts from or is compared with.

  Args:
    root: The folder of the project.
    folder: Of the test.
    test: Its name.

  Yields:
    Of each test and float control, once: folder, name, arguments.

  Raises:
    errors.InputError: A BUILD file does not declare a test that is named.
  """
  ahead, seen = [(folder, test)], set()
  while ahead:
    where, name = ahead.pop()
    if (where, name) in seen:
      continue
    seen.add((where, name))
    tests = project.declared(root, where, _KINDS)
    if name not in tests:
      raise errors.InputError(
          f'{_PACKAGE}/{where}/BUILD declares no convergence_test {name!r}: it'
          f' has {", ".join(sorted(tests)) or "none"}'
      )
    yield where, name, tests[name]
    for key in _LABELS:
      if label := tests[name].get(key):
        ahead.append(_label(label, where))


def _syntax(node: Any) -> Any:
  """Returns a syntax tree as JSON, the same on every version of Python."""
  if isinstance(node, list):
    return [_syntax(part) for part in node]
  if isinstance(node, ast.Constant):
    return ['Constant', repr(node.value)]
  if not isinstance(node, ast.AST):
    return str(node)
  fields = {
      name: _syntax(value)
      for name, value in ast.iter_fields(node)
      if value is not None and value != []
  }
  return [type(node).__name__, fields]


def code_of(parsed: ast.Module) -> Any:
  """Returns what of a Python file decides what it does.

  Args:
    parsed: Its syntax tree, which loses its docstrings.

  Returns:
    The tree as JSON, without docstrings and comments.
  """
  return _syntax(imports.without_docstrings(parsed))


def _config(path: pathlib.Path) -> Any:
  """Returns the values of a YAML file."""
  try:
    return yaml.safe_load(files.read(path))
  except yaml.YAMLError as error:
    raise errors.InputError(
        f'{path} is no YAML: {errors.one_line(error)}'
    ) from error


def _locked(root: pathlib.Path, layer: str, version: str) -> Any:
  """Returns what of a layer's lock decides numbers; without one, its name."""
  lock = root / f'tools/env/locks/{layer}-{version}.txt'
  if not lock.is_file():
    return version
  text = files.read(lock)
  if layer == 'tensorflow':
    pinned = dict(_PINNED.findall(text))
    return {name: pinned[name] for name in sorted(_COMPUTES & pinned.keys())}
  return [row for row in text.splitlines() if not row.startswith('#')]


def digest(
    root: pathlib.Path,
    folder: str,
    test: str,
    versions: Mapping[str, str],
    tier: str = 'cpu',
) -> str:
  """Returns the digest of what the runs of a convergence test depend on.

  Args:
    root: The folder of the project.
    folder: Of `tfmot_contrib/` that has the test.
    test: Its name.
    versions: Of `tensorflow` and `tfmot`. Where there is a lock, what it says
      of the packages that compute counts, else the name of the version.
    tier: One of `record.TIERS`.

  Returns:
    64 hex digits.

  Raises:
    errors.InputError: A file is missing or broken.
  """
  start = {f'{_PACKAGE}.convergence.{name}' for name in _SHARED}
  shapes, configs = {}, {}
  for where, name, arguments in _chain(root, folder, test):
    shapes[f'{where}:{name}'] = {k: arguments.get(k) for k in _SHAPE}
    start.add(arguments['module'])
    own = [arguments.get('config')]
    if tier == 'smoke':
      own.append(arguments.get('smoke_config', _SMOKE_CONFIG))
    for config in filter(None, own):
      path = root / _PACKAGE / where / config
      configs[f'{where}/{config}'] = _config(path)
  code = {
      name: code_of(parsed)
      for name, parsed in imports.closure(root, start, [_PACKAGE]).items()
      if name not in _ASIDE
  }
  locks = {layer: _locked(root, layer, v) for layer, v in versions.items()}
  return digest_of({
      'shapes': shapes,
      'configs': configs,
      'modules': code,
      'locks': locks,
  })
