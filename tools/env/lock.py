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

"""Resolves the requirements into locks with hashes, which name no host.

`tools/nox -s lock` refreshes the locks of the versions in force;
`tools/nox -s lock -- --tfmot 0.8.0` adds the lock of another version, and
`-- --channel nightly` those of a channel: of the newest nightlies of
TensorFlow, tf-keras and TFMOT that go together. The environment, the bootstrap
and the lint install from these locks and nothing else.
"""

import argparse
import os
import pathlib
import re
import sys
import tempfile
from typing import Sequence

from tfmot_contrib import errors
from tools.env import bootstrap
from tools.env import environment
from tools.env import sources

_REQUIREMENTS = pathlib.Path(__file__).resolve().parent / 'requirements'
_HEADER = """\
# Made by `tools/nox -s lock`. Change {source} and run it again.
"""
_NIGHTLY = 'nightly'
_VERSION = re.compile(r'nightly|\d[\w.]*')
# Nightlies put the same files in the same place as these. tensorflow-hub and
# tf-slim ask for the stable ones, which would be installed over them.
_STABLE = ('keras', 'tensorflow', 'tf-keras')
# What a tool asks for and TensorFlow's layer has.
_BELOW_TOOLS = ('numpy', 'scipy')


def compile_lock(
    source: str, lock: pathlib.Path, extra: Sequence[str], *flags: object
) -> None:
  """Writes `lock`, for every supported Python, from a requirements file.

  Args:
    source: The name of a file in `requirements/`, or '' for `extra` alone.
    lock: The file to write, whole or not at all.
    extra: More requirements.
    *flags: More flags of `uv pip compile`.
  """
  lines = list(extra)
  if source:
    lines.append((_REQUIREMENTS / source).read_text(encoding='utf-8'))
  command = ['pip', 'compile', '-q', '--universal', '--generate-hashes']
  command += ['--python-version', bootstrap.PYTHONS[0], '--no-header']
  command += ['--no-annotate', '--no-emit-index-url', '--no-emit-find-links']
  command += [*flags, '-']
  what = f'resolving {lock.name}'
  text = bootstrap.uv(*command, what=what, input='\n'.join(lines))
  text = _HEADER.format(source=source or 'tools/env/lock.py') + text
  partial = lock.with_suffix('.partial')
  partial.write_text(text, encoding='utf-8')
  os.replace(partial, lock)
  said = re.findall(r'^(?:tf|tensorflow)-\S*(?:nightly)\S*==\S+', text, re.M)
  print(f'lock: wrote {lock.name}', *said)


def is_nightly(version: str) -> bool:
  """Returns whether it is `nightly`, or the version of one."""
  return version == _NIGHTLY or '.dev' in version


def lock_tensorflow(version: str) -> None:
  """Writes the lock of TensorFlow and of what training imports.

  Args:
    version: A release, a nightly such as 2.22.0.dev20260905, or `nightly` for
      the newest one.
  """
  lock = bootstrap.LOCKS / f'tensorflow-{version}.txt'
  series = '.'.join(version.split('.')[:2])
  if not is_nightly(version):
    extra = [f'tensorflow=={version}', f'tf-keras=={series}.*']
    compile_lock('tensorflow.in', lock, extra)
    return
  extra = ['tf-nightly', 'tf-keras-nightly']
  if version != _NIGHTLY:
    extra = [f'tf-nightly=={version}', f'tf-keras-nightly=={series}.*']
  with tempfile.NamedTemporaryFile('w', suffix='.txt') as overrides:
    for name in _STABLE:
      print(f"{name} ; sys_platform == 'never'", file=overrides, flush=True)
    omitted = [f'--no-emit-package={name}' for name in _STABLE]
    flags = [f'--overrides={overrides.name}', *omitted]
    compile_lock('tensorflow.in', lock, extra, *flags)


def lock_tfmot(version: str) -> None:
  """Writes the lock of TFMOT alone.

  Args:
    version: A release, a nightly such as 0.8.1.dev20260629, or `nightly` for
      the newest one.
  """
  project = sources.PROJECTS[is_nightly(version)]
  extra = [project if version == _NIGHTLY else f'{project}=={version}']
  lock = bootstrap.LOCKS / f'tfmot-{version}.txt'
  compile_lock('', lock, extra, '--no-deps')


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Writes the locks."""
  parser = argparse.ArgumentParser(prog='lock', description=__doc__)
  parser.add_argument('--tensorflow', help='add a lock of this version')
  parser.add_argument('--tfmot', help='add a lock of this version')
  parser.add_argument('--channel', help='make the locks of a channel anew')
  flags = parser.parse_args(argv)
  for version in (flags.tensorflow, flags.tfmot):
    if version is not None and not _VERSION.fullmatch(version):
      raise errors.InputError(
          f'{version!r} is no version: give one such as 0.8.1, or nightly'
      )
  environ = {'TFMOT_CHANNEL': flags.channel} if flags.channel else os.environ
  chosen = environment.settings(environ)
  everything = not (flags.tensorflow or flags.tfmot or flags.channel)
  both = everything or flags.channel
  locks = bootstrap.LOCKS
  if version := flags.tensorflow or both and chosen['tensorflow']:
    lock_tensorflow(version)
  if version := flags.tfmot or both and chosen['tfmot']:
    if not sources.is_source(version):
      lock_tfmot(version)
  if everything:
    for name in ('bootstrap', 'build', 'lint', 'npm'):
      compile_lock(f'{name}.in', locks / f'{name}.txt', [])
    base = locks / f'tensorflow-{chosen["tensorflow"]}.txt'
    omitted = [f'--no-emit-package={name}' for name in _BELOW_TOOLS]
    options = ['--constraints', base, *omitted]
    compile_lock('tools.in', locks / 'tools.txt', [], *options)


if __name__ == '__main__':
  main(sys.argv[1:])
