// Made of experiment-schema.ts by `npm run docs`.
import type { Shape } from './read-shape.ts';

export const EXPERIMENT_SHAPE: Shape = {
  fields: {
    apiVersion: {
      oneOf: ['iter8.tools/v2alpha2'],
    },
    kind: {
      oneOf: ['Experiment'],
    },
    metadata: {
      fields: {
        name: 'text',
        generateName: 'text',
        namespace: 'text',
        uid: 'text',
        resourceVersion: 'text',
        generation: 'number',
        creationTimestamp: 'text',
        labels: {
          mapOf: 'text',
        },
        annotations: {
          mapOf: 'text',
        },
      },
      required: [],
    },
    spec: {
      fields: {
        target: 'some text',
        strategy: {
          fields: {
            testingPattern: {
              oneOf: ['Conformance', 'Canary', 'A/B', 'A/B/N'],
            },
            deploymentPattern: {
              oneOf: ['FixedSplit', 'Progressive', 'BlueGreen'],
            },
            actions: {
              mapOf: {
                listOf: {
                  fields: {
                    task: 'text',
                    run: 'text',
                    if: 'text',
                    with: {
                      mapOf: 'anything',
                    },
                  },
                  required: [],
                },
              },
            },
            weights: {
              fields: {
                maxCandidateWeight: {
                  from: 0,
                  to: 100,
                },
                maxCandidateWeightIncrement: {
                  from: 0,
                  to: 100,
                },
              },
              required: [],
            },
          },
          required: ['testingPattern'],
        },
        criteria: {
          fields: {
            requestCount: 'text',
            objectives: {
              listOf: {
                fields: {
                  metric: 'text',
                  upperLimit: {
                    anyOf: ['text', 'number'],
                  },
                  lowerLimit: {
                    anyOf: ['text', 'number'],
                  },
                  rollback_on_failure: 'boolean',
                },
                required: ['metric'],
              },
            },
            indicators: {
              listOf: 'text',
            },
            rewards: {
              listOf: {
                fields: {
                  metric: 'text',
                  preferredDirection: {
                    oneOf: ['High', 'Low'],
                  },
                },
                required: ['metric', 'preferredDirection'],
              },
            },
            strength: 'anything',
          },
          required: [],
        },
        duration: {
          fields: {
            intervalSeconds: {
              from: 1,
              to: 2147483647,
            },
            iterationsPerLoop: {
              from: 1,
              to: 2147483647,
            },
            maxLoops: {
              from: 1,
              to: 2147483647,
            },
          },
          required: [],
        },
        versionInfo: {
          fields: {
            baseline: {
              fields: {
                name: 'text',
                variables: {
                  listOf: {
                    fields: {
                      name: 'text',
                      value: 'text',
                    },
                    required: ['name', 'value'],
                  },
                },
                weightObjRef: {
                  fields: {
                    apiVersion: 'text',
                    kind: 'text',
                    name: 'text',
                    namespace: 'text',
                    fieldPath: 'text',
                    uid: 'text',
                    resourceVersion: 'text',
                  },
                  required: [],
                },
              },
              required: ['name'],
            },
            candidates: {
              listOf: {
                fields: {
                  name: 'text',
                  variables: {
                    listOf: {
                      fields: {
                        name: 'text',
                        value: 'text',
                      },
                      required: ['name', 'value'],
                    },
                  },
                  weightObjRef: {
                    fields: {
                      apiVersion: 'text',
                      kind: 'text',
                      name: 'text',
                      namespace: 'text',
                      fieldPath: 'text',
                      uid: 'text',
                      resourceVersion: 'text',
                    },
                    required: [],
                  },
                },
                required: ['name'],
              },
            },
          },
          required: ['baseline'],
        },
      },
      required: ['target', 'strategy'],
    },
    status: {
      fields: {
        conditions: {
          listOf: {
            fields: {
              type: 'text',
              status: 'text',
              lastTransitionTime: 'text',
              reason: 'text',
              message: 'text',
            },
            required: ['type', 'status'],
          },
        },
        initTime: 'text',
        startTime: 'text',
        lastUpdateTime: 'text',
        stage: 'text',
        completedIterations: 'number',
        currentWeightDistribution: {
          listOf: {
            fields: {
              name: 'text',
              value: 'number',
            },
            required: ['name', 'value'],
          },
        },
        versionRecommendedForPromotion: 'text',
        message: 'text',
        metrics: {
          listOf: {
            fields: {
              name: 'text',
              metricObj: {
                fields: {},
                required: [],
              },
            },
            required: ['name', 'metricObj'],
          },
        },
        analysis: {
          fields: {
            aggregatedBuiltinHists: {
              fields: {
                data: {
                  mapOf: 'anything',
                },
                provenance: 'text',
                timestamp: 'text',
                message: 'text',
              },
              required: ['data'],
            },
            aggregatedMetrics: {
              fields: {
                data: {
                  mapOf: {
                    fields: {
                      max: {
                        anyOf: ['text', 'number'],
                      },
                      min: {
                        anyOf: ['text', 'number'],
                      },
                      data: {
                        mapOf: {
                          fields: {
                            value: {
                              anyOf: ['text', 'number'],
                            },
                            min: {
                              anyOf: ['text', 'number'],
                            },
                            max: {
                              anyOf: ['text', 'number'],
                            },
                            sampleSize: 'number',
                          },
                          required: [],
                        },
                      },
                    },
                    required: ['data'],
                  },
                },
                provenance: 'text',
                timestamp: 'text',
                message: 'text',
              },
              required: ['data'],
            },
            versionAssessments: {
              fields: {
                data: {
                  mapOf: {
                    listOf: 'boolean',
                  },
                },
                provenance: 'text',
                timestamp: 'text',
                message: 'text',
              },
              required: ['data'],
            },
            winnerAssessment: {
              fields: {
                data: {
                  fields: {
                    winnerFound: 'boolean',
                    winner: 'text',
                  },
                  required: ['winnerFound'],
                },
                provenance: 'text',
                timestamp: 'text',
                message: 'text',
              },
              required: ['data'],
            },
            weights: {
              fields: {
                data: {
                  listOf: {
                    fields: {
                      name: 'text',
                      value: 'number',
                    },
                    required: ['name', 'value'],
                  },
                },
                provenance: 'text',
                timestamp: 'text',
                message: 'text',
              },
              required: ['data'],
            },
          },
          required: [],
        },
      },
      required: [],
    },
  },
  required: ['apiVersion', 'kind', 'metadata', 'spec'],
};
