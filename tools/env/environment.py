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

"""Makes the Python environment that Bazel's actions and nox share.

The environment has three layers, each cached outside the tree by the digest of
its lock and never changed once made:

* TensorFlow and what training imports, from `locks/tensorflow-VERSION.txt`;
* what only `tools/` imports, from `locks/tools.txt`;
* TFMOT alone, from `locks/tfmot-VERSION.txt`, on top of both.

Which versions is a setting: `[tool.tfmot_models.environment]` of
pyproject.toml, a channel of it (TFMOT_CHANNEL, which `bazel --config=nightly`
sets), or the variables TENSORFLOW and TFMOT (`bazel --repo_env=TFMOT=0.8.0`).
TFMOT may be a wheel or a checkout too: see `sources`. Another TFMOT costs a
second, because only the thin layer is made anew. Each layer has a fingerprint
of what is in it. An action that names the first one only, such as the training
of a float baseline, is not run again when TFMOT or a tool changes.
"""

import argparse
import hashlib
import json
import os
import pathlib
import sys
import tomllib
from typing import Any, Mapping, NamedTuple, Sequence

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tools.env import bootstrap
from tools.env import sources

LAYERS = ('tensorflow', 'tfmot')
# The channel without changes: the versions of the table itself.
_STABLE = 'stable'

# What TensorFlow reads when it is imported, so the interpreter itself sets it.
# Official Models and TFMOT work with Keras 2 only. oneDNN is on by default only
# where the processor has instructions for neural networks; with it everywhere,
# every machine trains with the same kernels, and one without them faster.
_SWITCHES = {'TF_USE_LEGACY_KERAS': '1', 'TF_ENABLE_ONEDNN_OPTS': '1'}
_SET = 'import os; os.environ.setdefault({!r}, {!r})\n'
_TFMOT = 'tensorflow_model_optimization'
# Without letters that are not ASCII: how those are read depends on the locale.
_BELOW = 'import site; site.addsitedir({site!a})\n'


class Environment(NamedTuple):
  """An environment on disk.

  Attributes:
    python: The interpreter that sees all layers.
    tensorflow_fingerprint: A file that tells what the first layer holds.
    tfmot_fingerprint: The same, with TFMOT's layer.
    tools_fingerprint: The same, with the layer of the tools.
  """

  python: str
  tensorflow_fingerprint: str
  tfmot_fingerprint: str
  tools_fingerprint: str


def table(pyproject: pathlib.Path | None = None) -> dict[str, Any]:
  """Returns `[tool.tfmot_models.environment]` of pyproject.toml.

  Args:
    pyproject: The file, by default that of this project.

  Returns:
    A version for each layer, and the tables `channels` and
      `exceptions`.

  Raises:
    errors.InputError: It is no such table.
  """
  pyproject = pyproject or bootstrap.ROOT / 'pyproject.toml'
  try:
    with open(pyproject, 'rb') as stream:
      found = tomllib.load(stream)['tool']['tfmot_models']['environment']
    found = {'channels': {_STABLE: {}}, 'exceptions': []} | found
    for changes in ({n: found[n] for n in LAYERS}, *found['channels'].values()):
      for layer, version in changes.items():
        if layer not in LAYERS or not isinstance(version, str):
          raise ValueError(f'{layer} = {version!r} is no version of a layer')
  except (OSError, KeyError, ValueError, AttributeError) as error:
    raise errors.InputError(
        f'{pyproject} has no good [tool.tfmot_models.environment]: {error!r};'
        ' restore it with git'
    ) from error
  return found


def settings(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
  """Returns the versions in force, by the names `tensorflow` and `tfmot`.

  Args:
    environ: Where TFMOT_CHANNEL may choose a channel of pyproject.toml, and
      TENSORFLOW and TFMOT override what that says.

  Returns:
    What is set for each layer: see `lock_of`.

  Raises:
    errors.InputError: There is no such channel.
  """
  chosen = table()
  channel = environ.get('TFMOT_CHANNEL') or _STABLE
  if channel not in chosen['channels']:
    raise errors.InputError(
        f'TFMOT_CHANNEL is {channel}, which pyproject.toml does not have: give'
        f' one of {", ".join(chosen["channels"])}'
    )
  chosen |= chosen['channels'][channel]
  return {
      layer: environ.get(layer.upper()) or chosen[layer] for layer in LAYERS
  }


def lock_of(
    layer: str, version: str, locks: pathlib.Path = bootstrap.LOCKS
) -> pathlib.Path:
  """Returns the lock file of a layer.

  Args:
    layer: `tensorflow` or `tfmot`.
    version: A release such as 0.8.1, or `nightly`. TFMOT may be what `sources`
      takes, too.
    locks: The folder of the locks.

  Returns:
    The path of the lock.

  Raises:
    errors.InputError: That version was never locked, or cannot be built.
  """
  if layer == 'tfmot' and sources.is_source(version):
    return sources.lock(version)
  lock = locks / f'{layer}-{version}.txt'
  if not lock.is_file():
    known = sorted(p.stem.split('-', 1)[1] for p in locks.glob(f'{layer}-*'))
    raise errors.InputError(
        f'no lock for {layer} {version} (there is {", ".join(known)}): make it'
        f' with tools/nox -s lock -- --{layer} {version}'
    )
  return lock


def _site(env: pathlib.Path) -> pathlib.Path:
  """Returns the site-packages folder of an environment."""
  return next(env.glob('lib/python*/site-packages'))


def fingerprint(site: pathlib.Path) -> str:
  """Describes the contents of a site-packages folder.

  Args:
    site: The folder.

  Returns:
    A line for each distribution: name, version and a digest of the digests that
    its RECORD lists. Byte code and the installer's own notes do not count.
  """
  lines = []
  for record in sorted(site.glob('*.dist-info/RECORD')):
    name, _, version = record.parent.name.removesuffix('.dist-info').rpartition(
        '-'
    )
    rows = sorted(
        row
        for row in record.read_text(encoding='utf-8').splitlines()
        if 'sha256=' in row
        and not row.startswith(('bin/', '../'))
        and '.dist-info/' not in row
    )
    sha = hashlib.sha256('\n'.join(rows).encode()).hexdigest()[:16]
    lines.append(f'{name} {version} {sha}')
  return '\n'.join(lines) + '\n'


def _files_of(overlay: pathlib.Path) -> dict[str, bytes]:
  """Returns the files of an overlay by their path in site-packages.

  Args:
    overlay: A folder that holds a part of TFMOT.

  Returns:
    The contents, sorted by path.

  Raises:
    errors.InputError: There is no such folder, or it holds something else.
  """
  files = {
      str(path.relative_to(overlay)): path.read_bytes()
      for path in sorted(overlay.rglob('*'))
      if path.is_file() and path.suffix != '.pyc'
  }
  strange = [name for name in files if not name.startswith(f'{_TFMOT}/')]
  if strange or not files:
    raise errors.InputError(
        f'TFMOT_OVERLAY {overlay} must be a folder with files of {_TFMOT}/:'
        f' there {f"is {strange[0]}" if strange else "are none"}'
    )
  return files


def _layer(
    name: str,
    lock: pathlib.Path,
    below: Sequence[pathlib.Path],
    what: str,
    files: Mapping[str, bytes] | None = None,
) -> pathlib.Path:
  """Makes one layer, or finds it made.

  Args:
    name: Of the layer, with its version.
    lock: What to install.
    below: The site-packages of the layers that it sees, TensorFlow's first.
    what: What is being installed, for the user who waits.
    files: What takes the place of installed files, by path in site-packages.

  Returns:
    The site-packages of the layer. The file `fingerprint` at the top of its
    environment tells what it and TensorFlow's layer hold.
  """
  pth = ''.join(_SET.format(*switch) for switch in _SWITCHES.items())
  pth += ''.join(_BELOW.format(site=str(place)) for place in below)
  parts = [lock.read_bytes(), bootstrap.host(), pth.encode()]
  for path, content in (files or {}).items():
    parts += [path.encode(), content]
  key = bootstrap.digest(*parts)
  target = bootstrap.cache_dir() / 'env' / f'{name}-{key}'
  with bootstrap.made_once(target) as partial:
    if partial:
      print(f'environment: installing {what}', file=sys.stderr, flush=True)
      bootstrap.install(partial, lock)
      site = _site(partial)
      text = f'python {sys.version.split()[0]}\n'
      text += ''.join(f'{name}={on}\n' for name, on in _SWITCHES.items())
      (site / 'tfmot_models.pth').write_text(pth, encoding='utf-8')
      if below:
        text = (below[0].parents[2] / 'fingerprint').read_text(encoding='utf-8')
      text += fingerprint(site)
      for path, content in (files or {}).items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        # The installer links to files of its cache: never write into them.
        (site / path).unlink(missing_ok=True)
        (site / path).write_bytes(content)
        text += f'{path} {hashlib.sha256(content).hexdigest()[:16]}\n'
      (partial / 'fingerprint').write_text(text, encoding='utf-8')
  return _site(target)


def _refuse_clashes(site: pathlib.Path, versions: Mapping[str, str]) -> None:
  """Refuses a TFMOT that asks for what is not there.

  Args:
    site: The site-packages of TFMOT's layer.
    versions: What is set for each layer.

  Raises:
    errors.InputError: A requirement clashes, and is no exception.
  """
  if os.environ.get('TFMOT_CLASHES') == 'ignore':
    return
  said = bootstrap.run(
      [site.parents[2] / 'bin/python', '-m', 'tools.env.clashes', site],
      'comparing the requirements of TFMOT',
      cwd=bootstrap.ROOT,
      env=surroundings.without_python(),
      input=json.dumps(table()['exceptions'], default=str),
  )
  if clashes := json.loads(said):
    raise errors.InputError(
        f'{"; ".join(clashes)}. Of TENSORFLOW {versions["tensorflow"]} and'
        f' TFMOT {versions["tfmot"]} choose another, accept it in'
        ' pyproject.toml, or set TFMOT_CLASHES=ignore'
    )


def make(
    versions: Mapping[str, str], overlay: pathlib.Path | None = None
) -> Environment:
  """Makes all layers, or finds them made.

  Args:
    versions: What is set for each of `tensorflow` and `tfmot`.
    overlay: A folder with files that take the place of TFMOT's.

  Returns:
    The environment.

  Raises:
    errors.InputError: A lock is missing, a package cannot be had or does not
      have the digest of its lock, or TFMOT cannot be built or asks for what is
      not there.
  """
  locks = {layer: lock_of(layer, v) for layer, v in versions.items()}
  files = _files_of(overlay) if overlay else None
  name = f'tensorflow-{versions["tensorflow"]}'
  base = _layer(
      name,
      locks['tensorflow'],
      [],
      f'{name} and what it needs (a minute or two, once)',
  )
  tools = _layer(
      'tools', bootstrap.LOCKS / 'tools.txt', [base], 'what tools/ imports'
  )
  name = locks['tfmot'].stem
  name += '-overlay' if files else ''
  top = _layer(name, locks['tfmot'], [base, tools], name, files)
  _refuse_clashes(top, versions)
  return Environment(
      python=str(top.parents[2] / 'bin/python'),
      tensorflow_fingerprint=str(base.parents[2] / 'fingerprint'),
      tfmot_fingerprint=str(top.parents[2] / 'fingerprint'),
      tools_fingerprint=str(tools.parents[2] / 'fingerprint'),
  )


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Prints where the environment is, as JSON."""
  parser = argparse.ArgumentParser(prog='environment', description=__doc__)
  parser.add_argument('--tensorflow', help='a version with a lock')
  parser.add_argument(
      '--tfmot', help='a version with a lock, a wheel or a checkout'
  )
  flags = vars(parser.parse_args(argv))
  versions = settings() | {k: v for k, v in flags.items() if v}
  made = make(versions, surroundings.setting('TFMOT_OVERLAY'))
  print(json.dumps(made._asdict(), indent=2))


if __name__ == '__main__':
  main(sys.argv[1:])
