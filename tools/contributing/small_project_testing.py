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

"""A copy of the parts of this project that name its techniques."""

import hashlib
import pathlib
import shutil

from tools.contributing import answers

_ROOT = pathlib.Path(__file__).parents[2]
_PARTS = (
    'README.md',
    '.github/*',
    '.github/ISSUE_TEMPLATE/*',
    'docs/*.svg',
    'docs/placement.md',
    'pyproject.toml',
    'tfmot_contrib/README.md',
    'tfmot_contrib/techniques.bzl',
    'tfmot_contrib/*/README.md',
    'tfmot_contrib/*/technique.yaml',
    # Enough to judge, and quick to read.
    'tfmot_contrib/baselines/evidence/*',
    'tfmot_contrib/post_training/evidence/*int8*',
    'tfmot_contrib/post_training/evidence/SHA256SUMS',
)
ANSWERS = answers.Answers(
    name='sharing',
    title='Weight sharing',
    owner='@ann',
    guide='https://example.org/sharing',
    api=('tfmot.clustering.keras.cluster_weights',),
    row='int8',
    models=('mobilenet_v2_cifar10', 'resnet_cifar10'),
    training='none',
)
FLAGS = [
    '--title=Weight sharing',
    '--owner=@ann',
    '--guide=https://example.org/sharing',
    '--api=tfmot.clustering.keras.cluster_weights',
]


def project(folder: pathlib.Path) -> pathlib.Path:
  """Copies the parts into a folder and returns it."""
  for pattern in _PARTS:
    for path in _ROOT.glob(pattern):
      if path.is_file():
        to = folder / path.relative_to(_ROOT)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)
  return folder


def digests(folder: pathlib.Path) -> dict[str, str]:
  """Returns the sha256 of each file of a folder by its path."""
  return {
      str(path.relative_to(folder)): (
          hashlib.sha256(path.read_bytes()).hexdigest()
      )
      for path in sorted(folder.rglob('*'))
      if path.is_file()
  }
