import { expect } from 'chai';
import { bucketQuantile } from '../../supervisor/quantiles';

const INF = Number.POSITIVE_INFINITY;

describe('metrics: quantile of buckets', () => {
  const buckets = [
    { le: 1, cumulative: 10 },
    { le: 2, cumulative: 10 },
    { le: 4, cumulative: 90 },
    { le: INF, cumulative: 100 },
  ];

  it('interpolates within the bucket', () => {
    expect(bucketQuantile(buckets, 0.05)).to.equal(0.5);
    expect(bucketQuantile(buckets, 0.1)).to.equal(1);
    expect(bucketQuantile(buckets, 0.5)).to.equal(3);
    expect(bucketQuantile(buckets, 0.9)).to.equal(4);
  });

  it('tells the last finite bound for what is above it', () => {
    expect(bucketQuantile(buckets, 0.99)).to.equal(4);
    expect(bucketQuantile([{ le: INF, cumulative: 3 }], 0.5)).to.equal(0);
  });

  it('takes 0, 1 and beyond as the ends', () => {
    const upper = [
      { le: 1, cumulative: 0 },
      { le: 2, cumulative: 4 },
      { le: INF, cumulative: 4 },
    ];
    expect(bucketQuantile(upper, 0)).to.equal(1);
    expect(bucketQuantile(upper, -1)).to.equal(1);
    expect(bucketQuantile(upper, 1)).to.equal(2);
    expect(bucketQuantile(upper, 7)).to.equal(2);
  });

  it('is null when nothing was observed', () => {
    expect(bucketQuantile([], 0.5)).to.equal(null);
    expect(bucketQuantile([{ le: INF, cumulative: 0 }], 0.5)).to.equal(null);
  });
});
