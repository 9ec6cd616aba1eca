{{- define "transformerd.pod" -}}
serviceAccountName: {{ include "transformerd.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ include "transformerd.gracePeriodSeconds" . }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  # Weights are often written with mode 0600: the volume's group may read them.
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- if or (eq .Values.models.source "download") .Values.edge.enabled }}
initContainers:
  {{- if .Values.edge.enabled }}
  {{- include "transformerd.edgeContainer" . | nindent 2 }}
  {{- end }}
  {{- if eq .Values.models.source "download" }}
  {{- include "transformerd.downloadContainer" . | nindent 2 }}
  {{- end }}
{{- end }}
containers:
  {{- include "transformerd.container" . | nindent 2 }}
volumes:
  {{- include "transformerd.volumes" . | nindent 2 }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if or .Values.tolerations (gt (int .Values.gpu.count) 0) }}
tolerations:
  {{- if gt (int .Values.gpu.count) 0 }}
  - key: {{ .Values.gpu.resourceName }}
    operator: Exists
    effect: NoSchedule
  {{- end }}
  {{- with .Values.tolerations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- if .Values.topologySpread }}
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "transformerd.selectorLabels" $ | nindent 8 }}
    matchLabelKeys:
      - pod-template-hash
  {{- end }}
{{- end }}
{{- end -}}

{{- define "transformerd.container" -}}
- name: transformerd
  image: {{ include "transformerd.image" (list .Values.image .Chart.AppVersion) }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  envFrom:
    - configMapRef:
        name: {{ include "transformerd.fullname" . }}
  ports:
    {{- if not .Values.edge.enabled }}
    - name: grpc
      containerPort: 8001
    {{- end }}
    - name: metrics
      containerPort: 8002
    {{- if and .Values.tls.enabled (not .Values.edge.enabled) }}
    - name: health
      containerPort: 8003
    {{- end }}
  # Alive with open ports, loaded or not: a long load never restarts a pod.
  {{- include "transformerd.probe" (list . "startup" "liveness") | nindent 2 }}
  {{- include "transformerd.probe" (list . "liveness" "liveness") | nindent 2 }}
  {{- include "transformerd.probe" (list . "readiness" "readiness") | nindent 2 }}
  resources:
    {{- $resources := deepCopy .Values.resources }}
    {{- if gt (int .Values.gpu.count) 0 }}
    {{- $gpu := dict .Values.gpu.resourceName (int .Values.gpu.count) }}
    {{- $resources = mergeOverwrite $resources (dict "limits" $gpu) }}
    {{- end }}
    {{- toYaml $resources | nindent 4 }}
  securityContext:
    {{- include "transformerd.containerSecurityContext" . | nindent 4 }}
  volumeMounts:
    - name: models
      mountPath: /models
      readOnly: true
    - name: shared-memory
      mountPath: /dev/shm
    {{- if and .Values.tls.enabled (not .Values.edge.enabled) }}
    - name: tls
      mountPath: /etc/transformerd/tls
      readOnly: true
    {{- end }}
    {{- if .Values.auth.enabled }}
    - name: tokens
      mountPath: /etc/transformerd/tokens
      readOnly: true
    {{- end }}
{{- end -}}

{{- /* Takes (list root probe service). */ -}}
{{- define "transformerd.probe" -}}
{{- $root := index . 0 -}}
{{ index . 1 }}Probe:
  grpc:
    port: {{ include "transformerd.probePort" $root }}
    service: {{ index . 2 }}
  {{- toYaml (index $root.Values.probes (index . 1)) | nindent 2 }}
{{- end -}}

{{- define "transformerd.downloadContainer" -}}
{{- with .Values.models.download -}}
- name: download
  image: {{ .image }}
  {{- with .command }}
  command:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .args }}
  args:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .env }}
  env:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "transformerd.containerSecurityContext" $ | nindent 4 }}
  volumeMounts:
    - name: models
      mountPath: /models
    - name: download-tmp
      mountPath: /tmp
{{- end }}
{{- end -}}

{{- define "transformerd.volumes" -}}
- name: models
  {{- if eq .Values.models.source "claim" }}
  persistentVolumeClaim:
    claimName: {{ include "transformerd.claimName" . }}
  {{- else if eq .Values.models.source "image" }}
  image:
    {{- toYaml .Values.models.image | nindent 4 }}
  {{- else }}
  emptyDir:
    sizeLimit: {{ .Values.models.download.sizeLimit }}
- name: download-tmp
  emptyDir:
    sizeLimit: 1Gi
  {{- end }}
- name: shared-memory
  emptyDir:
    medium: Memory
    sizeLimit: {{ .Values.sharedMemory.sizeLimit }}
{{- if .Values.tls.enabled }}
- name: tls
  secret:
    secretName: {{ .Values.tls.secretName }}
    defaultMode: 0440
{{- end }}
{{- if .Values.auth.enabled }}
- name: tokens
  secret:
    secretName: {{ .Values.auth.secretName }}
    defaultMode: 0440
{{- end }}
{{- if .Values.edge.enabled }}
- name: edge
  configMap:
    name: {{ include "transformerd.fullname" . }}-edge
{{- end }}
{{- end -}}
