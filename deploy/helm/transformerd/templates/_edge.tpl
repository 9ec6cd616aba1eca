{{- /* A sidecar: up before the daemon, and gone after it, so that it drains through it. */ -}}
{{- define "transformerd.edgeContainer" -}}
{{- with .Values.edge -}}
- name: edge
  restartPolicy: Always
  image: {{ include "transformerd.image" (list .image "") }}
  imagePullPolicy: {{ .image.pullPolicy }}
  command:
    - haproxy
    - -db
    - -f
    - /etc/haproxy/haproxy.cfg
  ports:
    - name: grpc
      containerPort: 8001
    - name: health
      containerPort: 8003
  startupProbe:
    tcpSocket:
      port: 8001
    periodSeconds: 1
    failureThreshold: 30
  resources:
    {{- toYaml .resources | nindent 4 }}
  securityContext:
    {{- include "transformerd.containerSecurityContext" $ | nindent 4 }}
  volumeMounts:
    - name: edge
      mountPath: /etc/haproxy
      readOnly: true
    - name: tls
      mountPath: /etc/haproxy/tls
      readOnly: true
{{- end }}
{{- end -}}
