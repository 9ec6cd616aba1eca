{{- define "transformerd.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "transformerd.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "transformerd.labels" -}}
{{ include "transformerd.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "transformerd.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "transformerd.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "transformerd.claimName" -}}
{{- default (printf "%s-models" (include "transformerd.fullname" .)) .Values.models.claim.existing -}}
{{- end -}}

{{- /* An image's name; takes (list image defaultTag). */ -}}
{{- define "transformerd.image" -}}
{{- $image := index . 0 -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository (default (index . 1) $image.tag) -}}
{{- end -}}
{{- end -}}

{{- /* Where probes are plaintext while calls are not. */ -}}
{{- define "transformerd.probePort" -}}
{{- if .Values.tls.enabled -}}8003{{- else -}}8001{{- end -}}
{{- end -}}

{{- define "transformerd.gracePeriodSeconds" -}}
{{- add .Values.drain.delaySeconds .Values.drain.timeoutSeconds .Values.drain.marginSeconds -}}
{{- end -}}

{{- define "transformerd.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop:
    - ALL
{{- end -}}

{{- /* The daemon's flags as YAML, name: value; those of the chart go before the user's. */ -}}
{{- define "transformerd.flags" -}}
{{- $flags := deepCopy .Values.flags -}}
{{- if and (gt (int .Values.gpu.count) 0) (not (hasKey $flags "devices")) -}}
{{- $_ := set $flags "devices" "cuda" -}}
{{- end -}}
{{- $_ := set $flags "model_repository" "/models" -}}
{{- $_ := set $flags "metrics_address" "0.0.0.0" -}}
{{- $_ := set $flags "metrics_port" 8002 -}}
{{- $_ := set $flags "drain_delay" (printf "%ds" (int .Values.drain.delaySeconds)) -}}
{{- $_ := set $flags "drain_timeout" (printf "%ds" (int .Values.drain.timeoutSeconds)) -}}
{{- if .Values.edge.enabled -}}
{{- $_ := set $flags "grpc_address" "127.0.0.1" -}}
{{- $_ := set $flags "grpc_port" 9001 -}}
{{- $_ := set $flags "health_port" 9003 -}}
{{- else -}}
{{- $_ := set $flags "grpc_address" "0.0.0.0" -}}
{{- $_ := set $flags "grpc_port" 8001 -}}
{{- if .Values.tls.enabled -}}
{{- $_ := set $flags "health_port" 8003 -}}
{{- $_ := set $flags "tls_cert_file" "/etc/transformerd/tls/tls.crt" -}}
{{- $_ := set $flags "tls_key_file" "/etc/transformerd/tls/tls.key" -}}
{{- if .Values.tls.clientCertificates -}}
{{- $_ := set $flags "tls_client_ca_file" "/etc/transformerd/tls/ca.crt" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if .Values.auth.enabled -}}
{{- $_ := set $flags "auth_token_file" (printf "/etc/transformerd/tokens/%s" .Values.auth.key) -}}
{{- end -}}
{{- toYaml $flags -}}
{{- end -}}
