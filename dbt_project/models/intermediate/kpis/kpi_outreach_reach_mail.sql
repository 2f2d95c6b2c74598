{{ reached_by('mail') }}
